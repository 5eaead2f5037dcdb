-- Never ends, and catches whatever is thrown at it.
while true do
    pcall(function() while true do end end)
    pcall(coroutine.wrap(function() while true do pcall(error) end end))
end

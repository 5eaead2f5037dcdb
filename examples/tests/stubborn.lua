-- Never ends, in places where a program cannot be interrupted by yielding:
-- in a comparison, in a callback from C, in a message handler, while a chunk
-- is compiled, and in a variable's __close.
local function forever() while true do end end
local stubborn = setmetatable({}, { __close = forever, __lt = forever, __index = forever })
while true do
    pcall(table.sort, { 1, 2, 3 }, forever)
    pcall(string.gsub, "abc", ".", forever)
    xpcall(error, forever)
    xpcall(string.gsub, forever, "abc", ".", forever)
    pcall(load, forever)
    pcall(table.sort, { stubborn, stubborn })
    pcall(function() local x <close> = stubborn return x.y end)
    pcall(coroutine.wrap(function() local x <close> = stubborn error(x) end))
end

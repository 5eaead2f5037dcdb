-- os.exit ends the program, not the host; from anywhere, and at once.
local function leave() os.exit(3) end
print("before")
coroutine.wrap(function()
    pcall(table.sort, { 1, 2, 3 }, leave)
    print("after, in the coroutine")
end)()
print("after")

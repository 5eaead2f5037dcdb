-- Metamethods that run at moments which the program does not choose.
local count = 0
for _ = 1, 1000 do
    setmetatable({}, { __gc = function() count = count + 1 error("not seen") end })
end
collectgarbage()
assert(count == 1000)

-- Garbage that makes garbage, in both modes of the collector.
local function phoenix()
    setmetatable({}, { __gc = function() count = count + 1 if count < 3000 then phoenix() end end })
end
collectgarbage("generational")
phoenix()
for i = 1, 100000 do local _ = { i } end
collectgarbage("incremental")
for i = 1, 100000 do local _ = { i } end
collectgarbage()
assert(count > 1001)

local weak = setmetatable({}, { __mode = "v" })
weak[1], weak[2] = {}, "a string stays"
collectgarbage()
assert(weak[1] == nil and weak[2])

-- Closing goes on through long loops, and the last error wins.
local closed = {}
local function closing(name, fails)
    return setmetatable({}, { __close = function(_, e)
        for _ = 1, 200000 do end
        closed[#closed + 1] = name .. ":" .. tostring(e)
        if fails then error(name, 0) end
    end })
end
local ok, message = pcall(function()
    local a <close> = closing("a")
    local b <close> = closing("b", true)
    error("first", 0)
end)
assert(not ok and message == "b" and table.concat(closed, " ") == "b:first a:b")

-- What stays behind is never finalized: the state is not closed.
setmetatable({}, { __gc = function() print("must not be seen") end })
error(setmetatable({}, { __tostring = function() return "an error of its own" end }))

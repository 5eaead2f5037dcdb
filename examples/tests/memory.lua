-- Runs out of memory in every way it can think of, and goes on each time.
local function exhaust(step)
    local kept = {}
    local ok, message = pcall(function()
        for i = 1, math.huge do kept[i] = step(i) end
    end)
    assert(not ok and message == "not enough memory", message)
    local count = #kept
    kept = nil
    collectgarbage() -- calls the finalizers, if there are any
    collectgarbage()
    assert(collectgarbage("count") < 1000, "it came back")
    return count
end

for _ = 1, 3 do
    assert(exhaust(function(i) return i end) > 10000)
    assert(exhaust(function(i) return { i } end) > 1000)
    assert(exhaust(function(i) return ("s"):rep(1000 + i % 100) .. i end) > 1000)
    assert(exhaust(function(i) return function() return i end end) > 1000)
    assert(exhaust(function() return ("large"):rep(20000) end) > 10)
    assert(exhaust(function(i) return setmetatable({}, { __gc = function() return i end }) end) > 500)
    assert(exhaust(function()
        local co = coroutine.create(function() coroutine.yield() end)
        assert(coroutine.resume(co))
        return co
    end) > 500)
end

-- One request that is too large, one string that doubles, one deep stack.
for _ = 1, 20 do
    local ok, message = pcall(string.rep, "abc", 10000000)
    assert(not ok and message == "not enough memory")
end
local text = "x"
local ok, message = pcall(function() while true do text = text .. text end end)
assert(not ok and message == "not enough memory" and #text >= 1 << 18)
text = nil
local function deep(n) return 1 + deep(n + 1) end
ok, message = pcall(deep, 1)
assert(not ok and (message == "not enough memory" or message:find("stack overflow")))

-- In a coroutine it is the coroutine that fails.
local co = coroutine.create(function() local t = {} while true do t[#t + 1] = {} end end)
ok, message = coroutine.resume(co)
assert(not ok and message == "not enough memory" and coroutine.status(co) == "dead")
co = nil
collectgarbage()
print("still here")

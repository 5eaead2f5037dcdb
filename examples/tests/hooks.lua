-- debug.sethook works as ever, although the host uses the hook as well.
local function spin(n)
    local x = 0
    for i = 1, n do x = x + i % 2 end
    return x
end

-- No hook is seen where none was set.
assert(debug.gethook() == nil)

-- Lines and calls.
local lines, calls = 0, 0
debug.sethook(function(event, line)
    if event == "line" then lines = lines + 1 assert(line > 0) else calls = calls + 1 end
end, "crl")
spin(100000)
local hook, mask, count = debug.gethook()
debug.sethook()
assert(type(hook) == "function" and mask == "crl" and count == 0)
assert(lines >= 100000 and calls >= 3, lines .. " " .. calls)
assert(debug.gethook() == nil)
local before = lines
spin(1000)
assert(lines == before)

-- Counts below and above the host's own, over several slices.
for _, n in ipairs { 1, 7, 999, 1000, 1001, 2500, 1000000 } do
    local hits = 0
    debug.sethook(function(event) assert(event == "count") hits = hits + 1 end, "", n)
    assert(select(3, debug.gethook()) == n)
    spin(1000000)
    debug.sethook()
    local expected = 4000000 / n
    assert(hits > expected * 0.7 - 1 and hits < expected * 1.3 + 1, n .. ": " .. hits)
end

-- A program that sets itself a limit, in a coroutine.
local co = coroutine.create(function() while true do spin(1000) end end)
debug.sethook(co, function() error("it took too long", 0) end, "", 2000000)
local ok, message = coroutine.resume(co)
assert(not ok and message == "it took too long")
assert(debug.gethook() == nil and debug.gethook(co))
print("all hooks were called")

-- A program cannot find out that the host interrupts it by yielding: in
-- coroutines, in coroutines of coroutines, and where it cannot be done.

-- Longer than one slice.
local function work(result)
    local n = 0
    for i = 1, 300000 do n = n + i % 2 end
    assert(n == 150000)
    return result
end

-- It seems to be in the main coroutine.
local main, is_main = coroutine.running()
assert(is_main and not coroutine.isyieldable())
local ok, message = pcall(coroutine.yield, 1)
assert(not ok and message == "attempt to yield from outside a coroutine")
ok, message = coroutine.resume(main)
assert(ok == false and message == "cannot resume non-suspended coroutine")
coroutine.wrap(function()
    assert(coroutine.isyieldable() and not select(2, coroutine.running()))
    assert(coroutine.status(main) == "normal")
end)()

-- Values pass both ways, however long it takes.
local co = coroutine.create(function(a, b)
    local c, d = coroutine.yield(work(a + b))
    work()
    local e = coroutine.yield(work(c * d), nil, nil)
    work()
    error { e }
end)
ok, message = coroutine.resume(co, 1, 2)
assert(ok and message == 3)
local results = table.pack(coroutine.resume(co, 3, 4))
assert(results.n == 4 and results[1] and results[2] == 12)
ok, message = coroutine.resume(co, 9)
assert(not ok and message[1] == 9 and coroutine.status(co) == "dead")
ok, message = coroutine.resume(co)
assert(not ok and message == "cannot resume dead coroutine")

-- Deep down, and too deep.
local function nest(n)
    if n == 0 then return work("deep") end
    return coroutine.wrap(nest)(n - 1)
end
assert(nest(100) == "deep")
ok, message = pcall(nest, 250)
assert(not ok and message:find("C stack overflow"))

-- Generators in generators.
local function count(n)
    return coroutine.wrap(function()
        for i = 1, n do coroutine.yield(work(i)) end
    end)
end
local function twice(source)
    return coroutine.wrap(function()
        for i in source do coroutine.yield(i) coroutine.yield(work(i)) end
    end)
end
local seen = {}
for i in twice(count(3)) do seen[#seen + 1] = i end
assert(table.concat(seen, ",") == "1,1,2,2,3,3")

-- Behind pcall, and with variables to be closed.
local closed
local f = coroutine.wrap(function()
    return pcall(function()
        local x <close> = setmetatable({}, { __close = function(_, e) closed = work(e) end })
        coroutine.yield(1)
        error(work("e"), 0)
    end)
end)
assert(f() == 1)
ok, message = f()
assert(not ok and message == "e" and closed == "e")
ok, message = pcall(coroutine.wrap(function() work() error("there") end))
assert(not ok and message:find("yields.lua:%d+: there$"))
co = coroutine.create(function()
    local x <close> = setmetatable({}, { __close = function() error(work("closing"), 0) end })
    coroutine.yield()
end)
coroutine.resume(co)
ok, message = coroutine.close(co)
assert(not ok and message == "closing")

-- Where nobody can yield: comparisons, callbacks, metamethods of C.
local list = { 5, 3, 1, 4 }
table.sort(list, function(a, b)
    return coroutine.wrap(function() coroutine.yield(work(a < b)) end)()
end)
assert(table.concat(list, ",") == "1,3,4,5")
assert(("abc"):gsub(".", function(c) return work(c:upper()) end) == "ABC")
local object = setmetatable({}, {
    __index = function(_, key) return work(key) end,
    __add = function() return coroutine.wrap(function() coroutine.yield(work(7)) end)() end,
    __tostring = function() return work("text") end,
})
assert(object.foo == "foo" and object + 1 == 7 and tostring(object) == "text")
local pieces = { "return ", "1" }
assert(load(function() return work(table.remove(pieces, 1)) end)() == 1)
print("nothing was noticed")

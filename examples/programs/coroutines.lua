-- coroutines.lua - producers, consumers, and a scheduler of its own.
--
-- The host runs this program in slices by yielding; the program yields for
-- its own reasons.  Neither may notice the other.

-- A producer, a filter and a consumer, each in control of its own loop.
local function producer(n)
    return coroutine.wrap(function()
        for i = 1, n do coroutine.yield(i) end
    end)
end

local function filter(source, keep)
    return coroutine.wrap(function()
        for value in source do
            if keep(value) then coroutine.yield(value) end
        end
    end)
end

local sum, count = 0, 0
for value in filter(producer(20000), function(v) return v % 3 == 0 end) do
    sum, count = sum + value, count + 1
end
assert(count == 6666 and sum == 3 * 6666 * 6667 // 2)

-- Permutations: recursion inside of a generator.
local function permutations(list)
    local function go(n)
        if n == 0 then return coroutine.yield(list) end
        for i = 1, n do
            list[n], list[i] = list[i], list[n]
            go(n - 1)
            list[n], list[i] = list[i], list[n]
        end
    end
    return coroutine.wrap(function() go(#list) end)
end

local seen, different = {}, 0
for list in permutations { "a", "b", "c", "d", "e", "f" } do
    local key = table.concat(list)
    if not seen[key] then
        seen[key], different = true, different + 1
    end
end
assert(different == 720)

-- A scheduler with a queue: 200 tasks send each other messages.
local tasks, inbox, received = {}, {}, 0
for id = 1, 200 do
    inbox[id] = {}
    tasks[id] = coroutine.create(function()
        for round = 1, 20 do
            local to = inbox[(id * 7 + round) % 200 + 1]
            to[#to + 1] = { from = id, round = round }
            coroutine.yield()
            for _, message in ipairs(inbox[id]) do
                received = received + message.round
            end
            inbox[id] = {}
        end
    end)
end
local alive = 200
while alive > 0 do
    for id, task in pairs(tasks) do
        assert(coroutine.resume(task))
        if coroutine.status(task) == "dead" then
            tasks[id], alive = nil, alive - 1
        end
    end
end
for id = 1, 200 do
    for _, message in ipairs(inbox[id]) do received = received + message.round end
end
assert(received == 200 * 210)

-- An error inside, and a coroutine closed before its end.
local closed = false
local task = coroutine.create(function()
    local guard <close> = setmetatable({}, { __close = function() closed = true end })
    coroutine.yield(guard)
end)
assert(coroutine.resume(task) and coroutine.close(task) and closed)
local ok, message = coroutine.resume(coroutine.create(function() error("inside", 0) end))
assert(not ok and message == "inside")
assert(select(2, coroutine.running()), "this is the main coroutine")
print(("%d values filtered, %d permutations, %d received"):format(count, different, received))

-- closures.lua - functions that carry their data with them.
--
-- Closures and upvalues are blocks of their own; lazy lists, memoised
-- functions and pipelines make and drop a great many.

-- A lazy list is a head and a function for the tail.
local function from(n) return { head = n, tail = function() return from(n + 1) end } end

local function filter(list, keep)
    while not keep(list.head) do list = list.tail() end
    return { head = list.head, tail = function() return filter(list.tail(), keep) end }
end

local function sieve(list)
    local prime = list.head
    return { head = prime, tail = function()
        return sieve(filter(list.tail(), function(n) return n % prime ~= 0 end))
    end }
end

local primes = sieve(from(2))
for _ = 1, 149 do primes = primes.tail() end
assert(primes.head == 863, "the 150th prime")

-- Memoising: the cache is an upvalue, and it is weak.
local function memoise(f)
    local cache = setmetatable({}, { __mode = "k" })
    return function(key)
        local value = cache[key]
        if value == nil then
            value = f(key)
            cache[key] = value
        end
        return value
    end
end

local calls = 0
local area = memoise(function(shape)
    calls = calls + 1
    return shape.w * shape.h
end)
local shapes = {}
for i = 1, 500 do shapes[i] = { w = i, h = 2 } end
for _ = 1, 20 do
    for i = 1, 500 do assert(area(shapes[i]) == 2 * i) end
end
assert(calls == 500)

-- Composition: a pipeline of a thousand closures, thrown away many times.
local function compose(f, g) return function(x) return g(f(x)) end end
for round = 1, 50 do
    local pipeline = function(x) return x end
    for i = 1, 100 do
        pipeline = compose(pipeline, function(x) return x + i + round end)
    end
    assert(pipeline(0) == 5050 + 100 * round)
end

-- Two closures that share one variable.
local function counter()
    local n = 0
    return function() n = n + 1 return n end, function() return n end
end
local up, now = counter()
for _ = 1, 10000 do up() end
assert(now() == 10000)
print("the 150th prime is 863; 500 results remembered; 10000 counted")

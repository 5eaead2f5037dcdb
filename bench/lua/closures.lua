-- Closures: functions that make functions, upvalues, coroutines, methods.
-- SPDX-License-Identifier: MIT
local seed, divide = ...

local function counter(start)
  local value = start
  return function(step)
    value = value + step
    return value
  end
end

local function compose(f, g)
  return function(x) return f(g(x)) end
end

local function map(list, f)
  local mapped = {}
  for i = 1, #list do
    mapped[i] = f(list[i])
  end
  return mapped
end

local function generate(limit)
  return coroutine.wrap(function()
    for i = 1, limit do
      coroutine.yield(i * i % 7)
    end
  end)
end

local Account = {}
Account.__index = Account
function Account.new(owner)
  return setmetatable({ owner = owner, balance = 0, log = {} }, Account)
end
function Account:deposit(amount)
  self.balance = self.balance + amount
  self.log[#self.log + 1] = function() return amount end
  return self
end

kept = {}
local sum = 0
for i = 1, math.max(10, 10000 // divide) do
  local count = counter(seed % 100 + i)
  local twice = compose(count, count)
  local list = {}
  for j = 1, 12 do
    list[j] = j
  end
  for _, value in ipairs(map(map(list, function(x) return x + i % 3 end), twice)) do
    sum = sum + value % 5
  end
  for value in generate(8) do
    sum = sum + value
  end
  local account = Account.new("owner " .. i)
  for j = 1, 10 do
    account:deposit(j)
  end
  sum = sum + account.balance + account.log[3]()
  kept[i % 500 + 1] = account
end
return sum

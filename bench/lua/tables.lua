-- Tables: arrays and hashes that grow and shrink; queues; sorting; sparse
-- keys.
-- SPDX-License-Identifier: MIT
local seed, divide = ...

local state = seed % 2147483647
if state == 0 then state = 1 end
local function random(limit)
  state = state * 48271 % 2147483647
  return state % limit
end

local sum = 0

-- Many small records, some of which are replaced all the time.
records = {}
for i = 1, math.max(100, 20000 // divide) do
  records[i] = { id = i, weight = random(1000), tags = { random(9), random(9) } }
end
for _ = 1, math.max(100, 150000 // divide) do
  local i = random(#records) + 1
  local old = records[i]
  records[i] = { id = old.id, weight = random(1000), tags = { old.tags[2], random(9) } }
end
for _, record in ipairs(records) do
  sum = sum + record.weight * record.tags[1] + record.tags[2]
end

-- Arrays and hashes of every size, which grow step by step.
for _ = 1, math.max(1, 60 // divide) do
  local array, hash = {}, {}
  for i = 1, 1500 do
    array[#array + 1] = random(10000)
    hash[random(1 << 30)] = i
  end
  table.sort(array)
  sum = sum + array[1] + array[#array]
end

-- A queue that moves through its table.
local queue, first, last = {}, 1, 0
for i = 1, math.max(100, 100000 // divide) do
  last = last + 1
  queue[last] = { i }
  if last - first > 500 then
    sum = sum + queue[first][1]
    queue[first] = nil
    first = first + 1
  end
end
return sum

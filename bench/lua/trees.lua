-- Binary trees: many small tables that live shortly, some that live long.
-- SPDX-License-Identifier: MIT
local seed, divide = ...

local function grow(depth)
  if depth == 0 then return {} end
  return { left = grow(depth - 1), right = grow(depth - 1) }
end

local function count(tree)
  if not tree.left then return 1 end
  return 1 + count(tree.left) + count(tree.right)
end

local deepest = divide > 100 and 6 or 13
long_lived = grow(deepest)

local sum = 0
for depth = 4, deepest, 2 do
  local trees = math.max(1, (1 << (deepest - depth + 4)) // divide)
  for _ = 1, trees do
    sum = sum + count(grow(depth))
  end
end
return sum + count(long_lived) + seed % 97

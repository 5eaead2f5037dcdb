-- binary-trees.lua - many short-lived trees beside one that stays.
--
-- The classic test of an allocator under a garbage collector: small blocks
-- of the same few sizes, made and dropped by the hundred thousand.

local function make(depth)
    if depth == 0 then return {} end
    return { make(depth - 1), make(depth - 1) }
end

local function count(tree)
    if not tree[1] then return 1 end
    return 1 + count(tree[1]) + count(tree[2])
end

local MIN, MAX = 4, 12

local stays = make(MAX)
for depth = MIN, MAX, 4 do
    local trees = 1 << (MAX - depth + MIN)
    local nodes = 0
    for _ = 1, trees do
        nodes = nodes + count(make(depth))
    end
    assert(nodes == trees * ((2 << depth) - 1))
    print(("%4d trees of depth %2d: %d nodes"):format(trees, depth, nodes))
end
assert(count(stays) == (2 << MAX) - 1)
print("the tree that stayed is whole")

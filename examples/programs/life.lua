-- life.lua - Conway's Game of Life on an unbounded plane.
--
-- The living cells are the keys of a table; each generation is a new one, so
-- tables of a few hundred entries come and go.

local function parse(picture)
    local cells, y = {}, 0
    for line in picture:gmatch("[^\n]+") do
        for x = 1, #line do
            if line:sub(x, x) == "O" then cells[(x << 20) + y] = true end
        end
        y = y + 1
    end
    return cells
end

local AROUND = { -(1 << 20) - 1, -(1 << 20), -(1 << 20) + 1, -1, 1,
                 (1 << 20) - 1, 1 << 20, (1 << 20) + 1 }

local function step(cells)
    local neighbours, next_cells = {}, {}
    for cell in pairs(cells) do
        for _, offset in ipairs(AROUND) do
            neighbours[cell + offset] = (neighbours[cell + offset] or 0) + 1
        end
    end
    for cell, count in pairs(neighbours) do
        if count == 3 or count == 2 and cells[cell] then next_cells[cell] = true end
    end
    return next_cells
end

local function count(cells)
    local n = 0
    for _ in pairs(cells) do n = n + 1 end
    return n
end

local function run(picture, generations)
    local base = parse(picture)
    -- Far from the edge of the numbers: moving left and up must work.
    local cells = {}
    for cell in pairs(base) do cells[cell + (1000 << 20) + 1000] = true end
    for _ = 1, generations do cells = step(cells) end
    return cells
end

-- A blinker comes back, a glider moves by (1, 1) in four generations.
assert(count(run("OOO", 100)) == 3)
local glider = run(".O.\n..O\nOOO", 0)
local moved = run(".O.\n..O\nOOO", 40)
for cell in pairs(glider) do assert(moved[cell + (10 << 20) + 10]) end

-- The R-pentomino is known to settle after 1103 generations, at 116 cells.
local cells = run(".OO\nOO.\n.O.", 1103)
assert(count(cells) == 116)
print(("the R-pentomino has settled at %d cells"):format(count(cells)))

-- queens.lua - all ways to place n queens, by backtracking.
--
-- Almost no memory, much work: a program that should not notice what its
-- neighbours in the same context do.

local KNOWN = { 1, 0, 0, 2, 10, 4, 40, 92, 352 }

local function solve(n)
    local column, rising, falling, count = {}, {}, {}, 0

    local function place(row)
        if row > n then
            count = count + 1
            return
        end
        for c = 1, n do
            local r, f = row + c, row - c
            if not (column[c] or rising[r] or falling[f]) then
                column[c], rising[r], falling[f] = true, true, true
                place(row + 1)
                column[c], rising[r], falling[f] = nil, nil, nil
            end
        end
    end

    place(1)
    return count
end

for n = 1, #KNOWN do
    local count = solve(n)
    assert(count == KNOWN[n], n)
end
print(("%d queens can stand in %d ways"):format(#KNOWN, KNOWN[#KNOWN]))

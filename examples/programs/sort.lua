-- sort.lua - three ways to sort, which must agree.
--
-- table.sort calls the comparison from C, where a Lua program cannot be
-- interrupted; the other two are written in Lua.

local seed = 42
local function random(n) -- the same numbers everywhere
    seed = (seed * 1103515245 + 12345) % 2147483648
    return seed // 65536 % n
end

local function merge_sort(list, less)
    if #list < 2 then return list end
    local half = #list // 2
    local a = merge_sort(table.move(list, 1, half, 1, {}), less)
    local b = merge_sort(table.move(list, half + 1, #list, 1, {}), less)
    local merged, i, j = {}, 1, 1
    while a[i] and b[j] do
        if less(b[j], a[i]) then
            merged[#merged + 1], j = b[j], j + 1
        else
            merged[#merged + 1], i = a[i], i + 1
        end
    end
    table.move(a, i, #a, #merged + 1, merged)
    return table.move(b, j, #b, #merged + 1, merged)
end

local function heap_sort(list, less)
    local function sink(i, n)
        while 2 * i <= n do
            local child = 2 * i
            if child < n and less(list[child], list[child + 1]) then child = child + 1 end
            if not less(list[i], list[child]) then return end
            list[i], list[child], i = list[child], list[i], child
        end
    end
    for i = #list // 2, 1, -1 do sink(i, #list) end
    for n = #list, 2, -1 do
        list[1], list[n] = list[n], list[1]
        sink(1, n - 1)
    end
    return list
end

local function less(a, b)
    if a.key ~= b.key then return a.key < b.key end
    return a.order < b.order
end

local records = {}
for i = 1, 6000 do records[i] = { key = random(500), order = i } end

local by_table = table.move(records, 1, #records, 1, {})
table.sort(by_table, less)
local by_merging = merge_sort(records, function(a, b) return a.key < b.key end)
local by_heap = heap_sort(table.move(records, 1, #records, 1, {}), less)
for i = 1, #records do
    assert(by_table[i] == by_merging[i] and by_table[i] == by_heap[i])
    assert(i == 1 or not less(by_table[i], by_table[i - 1]))
end

-- An error in the comparison leaves by way of C and is caught.
local ok, message = pcall(table.sort, { 3, 1, "x", 2 })
assert(not ok and message:find("compare"))
print(("%d records sorted in three ways, all equal"):format(#records))

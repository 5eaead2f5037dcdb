-- matrix.lua - matrices as objects with operators.
--
-- Metamethods for every operation; large arrays of floats that are made,
-- used once and dropped.

local Matrix = {}
Matrix.__index = Matrix

function Matrix.new(rows, columns, fill)
    local m = setmetatable({ rows = rows, columns = columns }, Matrix)
    for i = 1, rows do
        local row = {}
        for j = 1, columns do row[j] = fill(i, j) end
        m[i] = row
    end
    return m
end

function Matrix.identity(n)
    return Matrix.new(n, n, function(i, j) return i == j and 1.0 or 0.0 end)
end

function Matrix.__add(a, b)
    return Matrix.new(a.rows, a.columns, function(i, j) return a[i][j] + b[i][j] end)
end

function Matrix.__mul(a, b)
    assert(a.columns == b.rows, "shapes do not fit")
    local turned = b:transposed()
    return Matrix.new(a.rows, b.columns, function(i, j)
        local x, y, sum = a[i], turned[j], 0.0
        for k = 1, a.columns do sum = sum + x[k] * y[k] end
        return sum
    end)
end

function Matrix.__eq(a, b)
    for i = 1, a.rows do
        for j = 1, a.columns do
            if math.abs(a[i][j] - b[i][j]) > 1e-6 then return false end
        end
    end
    return a.rows == b.rows and a.columns == b.columns
end

function Matrix.__tostring(m)
    local lines = {}
    for i = 1, m.rows do lines[i] = table.concat(m[i], " ") end
    return table.concat(lines, "\n")
end

function Matrix:transposed()
    return Matrix.new(self.columns, self.rows, function(i, j) return self[j][i] end)
end

-- Gauss and Jordan, with the largest pivot of each column.
function Matrix:inverse()
    local n = self.rows
    local a = self + Matrix.new(n, n, function() return 0.0 end)
    local b = Matrix.identity(n)
    for c = 1, n do
        local pivot = c
        for r = c + 1, n do
            if math.abs(a[r][c]) > math.abs(a[pivot][c]) then pivot = r end
        end
        assert(math.abs(a[pivot][c]) > 1e-12, "no inverse")
        a[c], a[pivot], b[c], b[pivot] = a[pivot], a[c], b[pivot], b[c]
        for r = 1, n do
            local factor = r ~= c and a[r][c] / a[c][c] or 0.0
            for k = 1, n do
                a[r][k] = a[r][k] - factor * a[c][k]
                b[r][k] = b[r][k] - factor * b[c][k]
            end
        end
        local scale = 1 / a[c][c]
        for k = 1, n do a[c][k], b[c][k] = a[c][k] * scale, b[c][k] * scale end
    end
    return b
end

local N = 40
local m = Matrix.new(N, N, function(i, j) return 1.0 / (i + j) + (i == j and 2.0 or 0.0) end)
for _ = 1, 3 do
    local inverse = m:inverse()
    assert(m * inverse == Matrix.identity(N))
    assert((m * inverse) * m == m)
end
assert(m:transposed():transposed() == m)
assert(tostring(Matrix.identity(2)) == "1.0 0.0\n0.0 1.0")
assert(not pcall(function() return m * Matrix.identity(3) end))
assert(not pcall(Matrix.inverse, Matrix.new(3, 3, function() return 1.0 end)))
print(("a matrix of %d by %d times its inverse is the identity"):format(N, N))

-- Queens: all solutions, each board a table of its own, kept as strings.
-- SPDX-License-Identifier: MIT
local seed, divide = ...

local function safe(board, row, column)
  for r = 1, row - 1 do
    local c = board[r]
    if c == column or c - r == column - row or c + r == column + row then
      return false
    end
  end
  return true
end

solutions = {}
local function place(board, row, size)
  if row > size then
    solutions[#solutions + 1] = table.concat(board, " ")
    return
  end
  for column = 1, size do
    if safe(board, row, column) then
      local next_board = { table.unpack(board) }
      next_board[row] = column
      place(next_board, row + 1, size)
    end
  end
end

local size = divide > 100 and 5 or divide > 1 and 7 or 8
for _ = 1, math.max(1, 40 // divide) do
  solutions = {}
  place({}, 1, size)
end
local sum = 0
for i, solution in ipairs(solutions) do
  sum = sum + i * #solution
end
return sum + seed % 97

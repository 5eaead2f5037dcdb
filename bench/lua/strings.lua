-- Strings: built piece by piece, split, replaced, reversed, kept as keys.
-- SPDX-License-Identifier: MIT
local seed, divide = ...

local state = seed % 2147483647
if state == 0 then state = 1 end
local function random(limit)
  state = state * 48271 % 2147483647
  return state % limit
end

local letters = "abcdefghijklmnopqrstuvwxyz"
local function word()
  local start = random(20) + 1
  return letters:sub(start, start + random(6)) .. random(500)
end

words = {}
local sum = 0
for round = 1, math.max(1, 400 // divide) do
  local pieces = {}
  for i = 1, 200 do
    pieces[i] = word()
  end
  local line = table.concat(pieces, " ")
  local grown = ""
  for i = 1, 40 do
    grown = grown .. pieces[i] .. ","
  end
  for found in line:gmatch("%a+%d*") do
    words[found] = (words[found] or 0) + 1
  end
  local changed, times = line:gsub("e%a", function(s) return s:upper() end)
  sum = sum + #line + #grown + times + changed:reverse():byte(1)
  sum = sum + #string.format("%s-%05d-%q", pieces[1], round, pieces[2])
end

local distinct = 0
for _, times in pairs(words) do
  distinct = distinct + 1
  sum = sum + times
end
return sum * 1000 + distinct

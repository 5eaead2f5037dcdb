-- A JSON-like text is written, parsed and written again.
-- SPDX-License-Identifier: MIT
local seed, divide = ...

local state = seed % 2147483647
if state == 0 then state = 1 end
local function random(limit)
  state = state * 48271 % 2147483647
  return state % limit
end

local write
local function write_object(value, out)
  local keys = {}
  for key in pairs(value) do
    keys[#keys + 1] = key
  end
  table.sort(keys)
  out[#out + 1] = "{"
  for i, key in ipairs(keys) do
    if i > 1 then out[#out + 1] = "," end
    out[#out + 1] = string.format("%q:", key)
    write(value[key], out)
  end
  out[#out + 1] = "}"
end

function write(value, out)
  if type(value) == "string" then
    out[#out + 1] = '"' .. value .. '"'
  elseif type(value) ~= "table" then
    out[#out + 1] = tostring(value)
  elseif #value > 0 then
    out[#out + 1] = "["
    for i, item in ipairs(value) do
      if i > 1 then out[#out + 1] = "," end
      write(item, out)
    end
    out[#out + 1] = "]"
  else
    write_object(value, out)
  end
end

local parse

local function parse_array(text, at)
  local array = {}
  at = at + 1
  while text:sub(at, at) ~= "]" do
    array[#array + 1], at = parse(text, at)
    if text:sub(at, at) == "," then at = at + 1 end
  end
  return array, at + 1
end

local function parse_object(text, at)
  local object = {}
  at = at + 1
  while text:sub(at, at) ~= "}" do
    local key
    key, at = parse(text, at)
    object[key], at = parse(text, at + 1)
    if text:sub(at, at) == "," then at = at + 1 end
  end
  return object, at + 1
end

function parse(text, at)
  local first = text:sub(at, at)
  if first == "{" then return parse_object(text, at) end
  if first == "[" then return parse_array(text, at) end
  if first == '"' then
    local last = text:find('"', at + 1, true)
    return text:sub(at + 1, last - 1), last + 1
  end
  local from, to, word = text:find("^([%w%.%-]+)", at)
  assert(from, "syntax error")
  if word == "true" then return true, to + 1 end
  if word == "false" then return false, to + 1 end
  return tonumber(word), to + 1
end

local function make(depth)
  local kind = depth == 0 and random(3) or random(5)
  if kind == 0 then return random(100000) end
  if kind == 1 then return "text " .. random(1000) end
  if kind == 2 then return random(2) == 0 end
  local value = {}
  for i = 1, 2 + random(5) do
    value[kind == 3 and i or "key" .. i] = make(depth - 1)
  end
  return value
end

local documents = {}
for i = 1, 24 do
  documents[i] = { id = i, body = make(4), list = { make(3), make(3), make(3) } }
end

last = {}
local sum = 0
for round = 1, math.max(1, 70 // divide) do
  for i, document in ipairs(documents) do
    local out = {}
    write(document, out)
    local text = table.concat(out)
    local again = {}
    last[i] = parse(text, 1)
    write(last[i], again)
    assert(table.concat(again) == text, "it does not come back as it was")
    sum = sum + #text * round
  end
end
return sum

-- json.lua - a JSON parser and serializer, and a round trip through both.
--
-- The parser is a recursive descent over string.find patterns; null is a
-- value of its own, so that it survives inside of tables.

local json = { null = setmetatable({}, { __tostring = function() return "null" end }) }

local escapes = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t",
                  ['"'] = '"', ["\\"] = "\\", ["/"] = "/" }
local names = { ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r",
                ["\t"] = "\\t", ['"'] = '\\"', ["\\"] = "\\\\" }

local function fail(text, at, what)
    local _, line = text:sub(1, at):gsub("\n", "")
    error(("json: line %d, byte %d: %s"):format(line + 1, at, what), 0)
end

local function skip(text, at)
    return text:find("[^ \t\r\n]", at) or #text + 1
end

local function parse_unicode(text, at)
    local hex = text:match("^%x%x%x%x", at + 2) or fail(text, at, "bad \\u")
    local code = tonumber(hex, 16)
    if code >= 0xD800 and code < 0xDC00 then
        local low = text:match("^\\u(%x%x%x%x)", at + 6)
        low = low and tonumber(low, 16) or 0
        if low < 0xDC00 or low > 0xDFFF then fail(text, at, "half a surrogate pair") end
        return utf8.char(0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)), at + 12
    end
    return utf8.char(code), at + 6
end

local function parse_string(text, at)
    local parts = {}
    at = at + 1
    while true do
        local stop = text:find('["\\%c]', at) or fail(text, at, "endless string")
        parts[#parts + 1] = text:sub(at, stop - 1)
        local char = text:sub(stop, stop)
        if char == '"' then return table.concat(parts), stop + 1 end
        if char ~= "\\" then fail(text, stop, "control character in a string") end
        local letter = text:sub(stop + 1, stop + 1)
        if letter == "u" then
            parts[#parts + 1], at = parse_unicode(text, stop)
        else
            parts[#parts + 1] = escapes[letter] or fail(text, stop, "bad escape")
            at = stop + 2
        end
    end
end

local parse_value

local function parse_array(text, at)
    local array, count = {}, 0
    at = skip(text, at + 1)
    if text:sub(at, at) == "]" then return array, at + 1 end
    while true do
        count = count + 1
        array[count], at = parse_value(text, at)
        at = skip(text, at)
        local char = text:sub(at, at)
        if char == "]" then return array, at + 1 end
        if char ~= "," then fail(text, at, "',' or ']' expected") end
        at = at + 1
    end
end

local function parse_object(text, at)
    local object = {}
    at = skip(text, at + 1)
    if text:sub(at, at) == "}" then return setmetatable(object, json), at + 1 end
    while true do
        local key
        at = skip(text, at)
        if text:sub(at, at) ~= '"' then fail(text, at, "a key expected") end
        key, at = parse_string(text, at)
        at = skip(text, at)
        if text:sub(at, at) ~= ":" then fail(text, at, "':' expected") end
        object[key], at = parse_value(text, at + 1)
        at = skip(text, at)
        local char = text:sub(at, at)
        if char == "}" then return setmetatable(object, json), at + 1 end
        if char ~= "," then fail(text, at, "',' or '}' expected") end
        at = at + 1
    end
end

local words = { t = { "true", true }, f = { "false", false }, n = { "null", json.null } }

function parse_value(text, at)
    at = skip(text, at)
    local char = text:sub(at, at)
    if char == "{" then return parse_object(text, at) end
    if char == "[" then return parse_array(text, at) end
    if char == '"' then return parse_string(text, at) end
    local word = words[char]
    if word and text:sub(at, at + #word[1] - 1) == word[1] then
        return word[2], at + #word[1]
    end
    local number = text:match("^-?%d+%.?%d*[eE]?[-+]?%d*", at)
    if not number or number:find("^-?0%d") or not tonumber(number) then
        fail(text, at, "a value expected")
    end
    return math.tointeger(tonumber(number)) or tonumber(number), at + #number
end

function json.parse(text)
    local value, at = parse_value(text, 1)
    at = skip(text, at)
    if at <= #text then fail(text, at, "more after the value") end
    return value
end

-- Objects carry `json` as their metatable, arrays carry none: an empty one
-- of either kind comes back as what it was.
local function write(value, out)
    local kind = type(value)
    if value == json.null or kind == "boolean" then
        out[#out + 1] = tostring(value)
    elseif kind == "number" then
        out[#out + 1] = math.type(value) == "integer" and tostring(value)
            or ("%.17g"):format(value)
    elseif kind == "string" then
        out[#out + 1] = '"' .. value:gsub('[%c"\\]', function(c)
            return names[c] or ("\\u%04x"):format(c:byte())
        end) .. '"'
    elseif getmetatable(value) == json then
        local keys = {}
        for key in pairs(value) do keys[#keys + 1] = key end
        table.sort(keys)
        for i, key in ipairs(keys) do
            out[#out + 1] = i == 1 and "{" or ","
            write(key, out)
            out[#out + 1] = ":"
            write(value[key], out)
        end
        out[#out + 1] = #keys == 0 and "{}" or "}"
    else
        for i = 1, #value do
            out[#out + 1] = i == 1 and "[" or ","
            write(value[i], out)
        end
        out[#out + 1] = #value == 0 and "[]" or "]"
    end
    return out
end

function json.write(value)
    return table.concat(write(value, {}))
end

-- What must be read, and what it is when written again.
local good = {
    { ' [ 1 , -2.5e1 , 0 , "" , [ ] , { } ] ', '[1,-25,0,"",[],{}]' },
    { '{"b":true,"a":null,"c":false}', '{"a":null,"b":true,"c":false}' },
    { [["\u00e9\ud83d\ude00\/\n\u0001"]], '"é😀/\\n\\u0001"' },
    { "[0.5,1E2,-0,1234567890123]", "[0.5,100,0,1234567890123]" },
}
for _, case in ipairs(good) do
    local text = json.write(json.parse(case[1]))
    assert(text == case[2], text)
    assert(json.write(json.parse(text)) == text)
end

-- What must be refused.
for _, text in ipairs { "", "[1,]", "{", '{"a"}', "01", "tru", '"\t"', '"\\x"',
                        '"\\ud800"', "[1] 2", "[1 2]", "-", "{1:2}", '"abc' } do
    local ok, message = pcall(json.parse, text)
    assert(not ok and message:find("^json: line"), text)
end

-- A round trip of something larger, many times.
local people = {}
for i = 1, 300 do
    people[i] = setmetatable({
        id = i, name = "Person " .. i, score = i / 7, tags = { "a", "b\n", "ü" },
        address = setmetatable({ city = "City " .. i % 13, zip = json.null }, json),
    }, json)
end
local text = json.write(people)
local bytes = 0
for _ = 1, 6 do
    local copy = json.parse(text)
    assert(#copy == 300 and copy[77].score == 11.0 and copy[5].address.zip == json.null)
    local again = json.write(copy)
    assert(again == text)
    bytes = bytes + #again
end
print(("%d bytes went round without a change"):format(bytes))

-- lunacoap.files: a folder's files as resources of a server. Nothing outside the folder is reached:
-- "." and "..", encoded slashes and symbolic links lead nowhere. (A local user who may rename in
-- the folder can still put a link in a file's place between the look at it and its opening.)

local lunacoap = require "lunacoap"
local percent = require "lunacoap.percent"

local has_lfs, lfs = pcall(require, "lfs")
if not has_lfs then
  error("serving files needs the Lua module lfs: install Debian's lua-filesystem", 0)
end

local M = {}

local OCTETS, LINK_FORMAT = 42, 40

-- Content-Formats by the extension of a file's name.
local FORMATS = {
  txt = 0, md = 0, csv = 0, log = 0, conf = 0, lua = 0, wlnk = LINK_FORMAT, xml = 41, exi = 47,
  json = 50, cbor = 60, senml = 110, sensml = 111, senmlc = 112, sensmlc = 113, css = 20000,
  js = 10002, svg = 30000, gif = 21, jpg = 22, jpeg = 22, png = 23,
}

local function format_of(name)
  return FORMATS[(name:match("%.(%w+)$") or ""):lower()] or OCTETS
end

-- ---- Paths --------------------------------------------------------------------------------------

-- A segment as a name in a folder, or nil when it cannot be one: an encoded "/" is a part of the
-- segment (RFC 7252 6.5), and no file has one in its name.
local function name_of(segment)
  local name = percent.decode(segment)
  if name == "." or name == ".." or name == "" or name:find("[/%z]") then
    return nil
  end
  return name
end

-- What is at a path below the folder: where it is and its attributes; without attributes when there
-- is nothing but a folder that could have it; nil when it is out of reach.
local function find(folder, path)
  local at, attributes = folder, lfs.attributes(folder)
  for segment, rest in path:gmatch("([^/]*)(/?)") do
    local name = name_of(segment)
    if segment == "" and rest == "" then
      break -- behind the last "/"
    elseif not name or not attributes or attributes.mode ~= "directory" then
      return nil
    end
    at = at .. "/" .. name
    attributes = lfs.symlinkattributes(at)
    if attributes and attributes.mode == "link" then
      return nil
    end
  end
  return at, attributes
end

-- ---- Trouble ------------------------------------------------------------------------------------

-- Numbers of the system's errors.
local ENOENT, EPERM, EACCES, EROFS = 2, 1, 13, 30

-- Forbidden is nothing that may go well another time, such as when there is room on the disk.
local CODES = { [ENOENT] = "4.04", [EPERM] = "4.03", [EACCES] = "4.03", [EROFS] = "4.03" }

-- What a function of io or os has returned, unless that is a failure: it raises the response then.
local function must(result, message, number)
  if result then
    return result
  elseif CODES[number] then
    error(lunacoap.response(CODES[number]), 0)
  end
  error(lunacoap.response("5.00", (message:gsub("^.*: ", ""))), 0) -- without the path here
end

-- ---- Reading ------------------------------------------------------------------------------------

local function read_file(at, attributes, limit)
  if attributes.size > limit then
    return lunacoap.response("5.00", ("%d bytes are more than this server sends (%d)"):format(
      attributes.size, limit))
  end
  local file <close> = must(io.open(at, "rb"))
  return lunacoap.response("2.05", must(file:read("a")), { format = format_of(at) })
end

local function link_of(prefix, name, attributes)
  local target = prefix .. percent.encode(name, "[^%w%-._~]")
  if attributes.mode == "directory" then
    return { target = target .. "/", ct = LINK_FORMAT }
  end
  return { target = target, ct = format_of(name), sz = attributes.size }
end

-- The names in a folder, in order; nil when it may not be read.
local function names_in(at)
  local ok, next_name, state = pcall(lfs.dir, at)
  if not ok then
    return nil
  end
  local names = {}
  for name in next_name, state do
    if name ~= "." and name ~= ".." then
      names[#names + 1] = name
    end
  end
  table.sort(names)
  return names
end

-- The links of a folder, by name.
local function list_folder(at, prefix)
  local names, links = names_in(at), {}
  if not names then
    return lunacoap.response("4.03")
  end
  for _, name in ipairs(names) do
    local attributes = lfs.symlinkattributes(at .. "/" .. name)
    if attributes and (attributes.mode == "file" or attributes.mode == "directory") then
      links[#links + 1] = link_of(prefix, name, attributes)
    end
  end
  return lunacoap.response("2.05", lunacoap.linkformat.format(links), { format = LINK_FORMAT })
end

-- The URI reference of a folder's URIPath, in which all but "/" and "%" is decoded.
local function target_of(path)
  return percent.encode(path, "[^%w%-._~/%%]"):match("^(.-)/*$") .. "/"
end

local function read(folder, request, path)
  local at, attributes = find(folder, path)
  if not attributes then
    return lunacoap.response("4.04")
  elseif attributes.mode == "file" and path:sub(-1) ~= "/" then
    return read_file(at, attributes, tonumber(request.coap:Config("MaxBodySize")))
  elseif attributes.mode == "directory" then
    return list_folder(at, target_of(request.path))
  end
  return lunacoap.response("4.04")
end

-- ---- Writing ------------------------------------------------------------------------------------

local function put(at, beside, text)
  local file <close> = must(io.open(beside, "wb"))
  must(file:write(text))
  must(file:close())
  must(os.rename(beside, at))
end

-- Whoever reads meanwhile sees the old file or the new one, never a part.
local function replace(at, text)
  local beside = ("%s.%016x.part"):format(at:match("^.*/"), math.random(0))
  local ok, trouble = pcall(put, at, beside, text)
  if not ok then
    os.remove(beside)
    error(trouble, 0)
  end
end

local function write(folder, request, path)
  local at, attributes = find(folder, path)
  if not at or path:sub(-1) == "/" then
    return lunacoap.response("4.04")
  elseif attributes and attributes.mode ~= "file" then
    return lunacoap.response("4.05")
  end
  if attributes then
    must(io.open(at, "r+b")):close() -- a rename replaces also what may not be written
  end
  replace(at, request.payload)
  return lunacoap.response(attributes and "2.04" or "2.01")
end

local function remove(folder, _, path)
  local at, attributes = find(folder, path)
  if not attributes then
    return lunacoap.response("4.04")
  elseif attributes.mode ~= "file" then
    return lunacoap.response("4.05")
  elseif path:sub(-1) == "/" then
    return lunacoap.response("4.04")
  end
  must(os.remove(at))
  return lunacoap.response("2.02")
end

-- ---- The resources ------------------------------------------------------------------------------

local OPTIONS = { write = true, access = true }

local function check(prefix, folder, options, level)
  if type(prefix) ~= "string" or prefix:sub(1, 1) ~= "/" then
    error(("files stand below a path such as \"/files\", not '%s'"):format(tostring(prefix)),
      level + 1)
  end
  local attributes = lfs.attributes(folder)
  if not attributes or attributes.mode ~= "directory" then
    error(("'%s' is not a folder"):format(folder), level + 1)
  end
  for name in pairs(options) do
    if not OPTIONS[name] then
      error(("files have no option '%s': it takes write and access"):format(tostring(name)),
        level + 1)
    end
  end
end

-- A file has changed, and with it the links of the folder that it is in, with and without a "/"
-- at the end.
local function notify(files, root, path)
  local parent = path:match("^(.*)/")
  files:notify { path = path }
  files:notify { path = parent and parent .. "/" or "" }
  if parent then
    files:notify { path = parent }
  else
    root:notify()
  end
end

---Serves the files of a folder: GET (folders are link-format), observation of what clients write,
---and if it may be written PUT and DELETE.
---@param server lunacoap.Server
---@param prefix string The path that stands for the folder, such as "/" or "/files".
---@param folder string
---@param options? { write?: boolean, access?: lunacoap.AccessRule } Whether clients may write; who
---may use it.
function M.mount(server, prefix, folder, options)
  options = options or {}
  check(prefix, folder, options, 2)
  local base = prefix:gsub("/+$", "")
  local files, root
  local function handler(act, changes)
    return function(request)
      local path = request.params.path or ""
      local response = act(folder, request, path)
      if changes and lunacoap.response.is_success(response) then
        notify(files, root, path)
      end
      return response
    end
  end
  local init = { observable = true, access = options.access, get = handler(read),
    title = "files", rt = "folder" }
  root = server:resource(base == "" and "/" or base, init)
  init.hidden = true
  if options.write then
    init.put, init.delete = handler(write, true), handler(remove, true)
  end
  files = server:resource(base .. "/{path*}", init)
end

return M

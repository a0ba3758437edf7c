-- lunacoap.files: a folder's files as resources of a server. Nothing outside the folder is reached:
-- "." and "..", encoded slashes and symbolic links lead nowhere, and neither does what local users
-- put in a file's place meanwhile (lunacoap.folder).

local lunacoap = require "lunacoap"
local percent = require "lunacoap.percent"

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

-- ---- Trouble ------------------------------------------------------------------------------------

-- Numbers of the system's errors.
local EPERM, ENOENT, ENXIO, EACCES, ENOTDIR, EISDIR, EFBIG, EROFS = 1, 2, 6, 13, 20, 21, 27, 30

-- Forbidden is nothing that may go well another time, such as when there is room on the disk.
local CODES = {
  [ENOENT] = "4.04", [ENOTDIR] = "4.04", [EPERM] = "4.03", [EACCES] = "4.03", [EROFS] = "4.03",
}
local READING = setmetatable({ [ENXIO] = "4.04" }, { __index = CODES })
local WRITING = setmetatable({ [EISDIR] = "4.05", [ENXIO] = "4.05" }, { __index = CODES })

-- What a folder's method has returned, unless that is a failure: it raises the response then.
local function must(codes, result, message, number)
  if result then
    return result
  elseif codes[number] then
    error(lunacoap.response(codes[number]), 0)
  end
  error(lunacoap.response("5.00", (message:gsub("^.*: ", ""))), 0) -- without the path here
end

-- The path in the folder. An encoded "/" is a part of its segment (RFC 7252 6.5), and no file has
-- one in its name.
local function path_of(segments)
  if segments:lower():find("%2f", 1, true) then
    error(lunacoap.response("4.04"), 0)
  end
  return percent.decode(segments)
end

-- ---- Reading ------------------------------------------------------------------------------------

local function link_of(prefix, entry)
  local target = prefix .. percent.encode(entry.name, "[^%w%-._~]")
  if entry.type == "directory" then
    return { target = target .. "/", ct = LINK_FORMAT }
  end
  return { target = target, ct = format_of(entry.name), sz = entry.size }
end

-- The links of a folder, by name.
local function list(folder, path, prefix)
  local entries, links = must(READING, folder:list(path)), {}
  table.sort(entries, function(a, b) return a.name < b.name end)
  for i, entry in ipairs(entries) do
    links[i] = link_of(prefix, entry)
  end
  return lunacoap.response("2.05", lunacoap.linkformat.format(links), { format = LINK_FORMAT })
end

-- The URI reference of a folder's URIPath, in which all but "/" and "%" is decoded.
local function target_of(path)
  return percent.encode(path, "[^%w%-._~/%%]"):match("^(.-)/*$") .. "/"
end

local function read(folder, request, path)
  local limit = tonumber(request.coap:Config("MaxBodySize"))
  local content, message, number = folder:read(path, limit)
  if number == EISDIR then
    return list(folder, path, target_of(request.path))
  elseif number == EFBIG then
    return lunacoap.response("5.00", ("more than the %d bytes that this server sends"):format(
      limit))
  end
  must(READING, content, message, number)
  return lunacoap.response("2.05", content, { format = format_of(path) })
end

-- ---- Writing ------------------------------------------------------------------------------------

local function write(folder, request, path)
  local done = must(WRITING, folder:write(path, request.payload))
  return lunacoap.response(done == "created" and "2.01" or "2.04")
end

local function remove(folder, _, path)
  must(WRITING, folder:remove(path))
  return lunacoap.response("2.02")
end

-- ---- The resources ------------------------------------------------------------------------------

local OPTIONS = { write = true, access = true }

local function check(prefix, options, level)
  if type(prefix) ~= "string" or prefix:sub(1, 1) ~= "/" then
    error(("files stand below a path such as \"/files\", not '%s'"):format(tostring(prefix)),
      level + 1)
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
  check(prefix, options, 2)
  local opened = lunacoap.folder(folder) or error(("'%s' is not a folder"):format(folder), 2)
  local base = prefix:gsub("/+$", "")
  local files, root
  local function handler(act, changes)
    return function(request)
      local path = request.params.path or ""
      local response = act(opened, request, path_of(path))
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

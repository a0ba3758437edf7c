-- The test framework and what comes with it, loaded when it is needed: it is in the Debian package
-- lua-busted.

local M = {}

---A module of busted by what follows "busted" in its name, such as ".core".
---@param name string
---@return any
function M.part(name)
  return require("busted" .. name)
end

---Whether busted is there.
---@return boolean
function M.is_available()
  return (pcall(M.part, ".core"))
end

---A module of Penlight, on which busted stands: "path" or "dir".
---@param name string
---@return any
function M.penlight(name)
  return require("pl." .. name)
end

return M

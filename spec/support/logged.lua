-- A log function that collects what is told besides the line that every message has.
return function(list)
  return function(_, text)
    if not (text:find("^received from ") or text:find("^sent to ")) then
      list[#list + 1] = text
    end
  end
end

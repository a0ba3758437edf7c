---Puts an item into a list that is in the order of its items' `at`, behind those of the same time.
---@param queue { at: number }[]
---@param item { at: number }
return function(queue, item)
  local i = #queue + 1
  while i > 1 and queue[i - 1].at > item.at do
    i = i - 1
  end
  table.insert(queue, i, item)
end

-- Health of an AuthServer, for Argo CD. The same as kstatus says, which Flux asks: Stalled is Degraded, since only an
-- edit of this object mends it; Ready is Healthy; everything else is Progressing, since it gets well by itself when
-- what it waits for is there.
local status = obj.status or {}
if status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "no operator has seen this edit yet" }
end

local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end
local stalled, ready = conditions.Stalled, conditions.Ready
if stalled ~= nil and stalled.status == "True" then
  return { status = "Degraded", message = stalled.reason .. ": " .. stalled.message }
end
if ready == nil then
  return { status = "Progressing", message = "nothing is said of it yet" }
end
if ready.status ~= "True" then
  return { status = "Progressing", message = ready.reason .. ": " .. ready.message }
end

local message = ready.message
if status.clients ~= nil then
  message = message .. "; clients: " .. status.clients.total .. ", refused: " .. status.clients.refused
end
return { status = "Healthy", message = message }

-- Health of each of our four kinds, for Argo CD. The same as kstatus says, which Flux asks: Stalled is Degraded, since only
-- an edit of this object mends it; Ready is Healthy, also for a client that is served without what policy does not allow;
-- everything else is Progressing, since it gets well by itself when what it waits for is there.
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
-- A narrowed AuthClient says what it lost.
for index, violation in ipairs(status.violations or {}) do
  if index > 3 then
    message = message .. "; and more"
    break
  end
  message = message .. "; " .. violation.message
end
-- An AuthPolicy says whom it governs, an AuthServer whom it serves.
local clients = status.clients or {}
if clients.violating ~= nil then
  message = message .. "; clients governed: " .. clients.total .. ", asking beyond it: " .. clients.violating
end
if clients.refused ~= nil then
  message = message .. "; clients: " .. clients.total .. ", refused: " .. clients.refused
end
return { status = "Healthy", message = message }

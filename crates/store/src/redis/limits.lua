-- Limits of one attempt, judged and counted at once, or settled: the arithmetic of nauthera-core's limits.
--
-- KEYS: one for each limit. ARGV: what to do (admit or settle) and the time now, then for each limit how it ended (empty to
-- admit) and the numbers of its rule: step, most, longest, free, first. Times are microseconds. A value is "LEVEL UNTIL
-- BEFORE" and ends when it is as good as missing. The answer to admit is four numbers a limit: was it refused, and how it stands.

local now = tonumber(ARGV[2])

local function held(key)
  local value = redis.call('GET', key)
  local level, till, before = string.match(value or '', '^(%-?%d+) (%-?%d+) (%-?%d+)$')
  return { level = tonumber(level or 0), till = tonumber(till or 0), before = tonumber(before or 0) }
end

local function keep(key, state)
  local lasting = math.ceil((math.max(state.level, state.till) - now) / 1000)
  if lasting <= 0 then
    redis.call('DEL', key)
    return
  end
  local value = string.format('%.0f %.0f %.0f', state.level, state.till, state.before)
  redis.call('SET', key, value, 'PX', string.format('%.0f', lasting))
end

local function rule_of(i)
  local at = 3 + (i - 1) * 6
  local function number(offset) return tonumber(ARGV[at + offset]) end
  return {
    ended = ARGV[at], step = number(1), most = number(2), longest = number(3), free = number(4), first = number(5)
  }
end

local function wait(rule, ahead)
  local beyond = ahead - rule.free
  if beyond <= 0 then return 0 end
  if rule.first == 0 then return math.min(beyond, rule.longest) end
  return math.min(rule.first * 2 ^ math.min(math.ceil(beyond / rule.step) - 1, 30), rule.longest)
end

local function settled(rule, state)
  if rule.ended == 'cleared' then return { level = 0, till = 0, before = 0 } end
  if rule.ended == 'undone' then
    return { level = state.level - rule.step, till = state.before, before = state.before }
  end
  local level = math.min(state.level, now + rule.most)
  local till = math.min(math.max(state.till, now + wait(rule, level - now)), now + rule.longest)
  return { level = level, till = till, before = till }
end

if ARGV[1] == 'settle' then
  for i, key in ipairs(KEYS) do
    -- What is gone meanwhile stays gone.
    if redis.call('EXISTS', key) == 1 then keep(key, settled(rule_of(i), held(key))) end
  end
  return {}
end

local states, any_refused = {}, false
for i, key in ipairs(KEYS) do
  states[i] = held(key)
  states[i].refused = states[i].till > now
  any_refused = any_refused or states[i].refused
end
local answer = {}
for i, key in ipairs(KEYS) do
  local rule, state = rule_of(i), states[i]
  if state.refused then
    -- A clock that went back, or another replica's that is ahead, makes no wait longer than the longest.
    local till = math.min(state.till, now + rule.longest)
    if till < state.till or state.level > now + rule.most then
      state.level = math.min(state.level, now + rule.most)
      state.till = till
      state.before = math.min(state.before, till)
      keep(key, state)
    end
  elseif not any_refused then
    local before = state.till
    state.level = math.min(math.max(state.level, now) + rule.step, now + rule.most)
    state.till = now + wait(rule, state.level - now)
    state.before = before
    keep(key, state)
  end
  answer[#answer + 1] = state.refused and 1 or 0
  answer[#answer + 1] = state.level
  answer[#answer + 1] = state.till
  answer[#answer + 1] = state.before
end
return answer

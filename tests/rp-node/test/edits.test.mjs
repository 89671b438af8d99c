// The promise of `nauthera up`: they edit the policy file, and the very next token obeys it; and nothing is lost when the
// process dies.

import assert from 'node:assert/strict';

import * as oidc from 'openid-client';

import { Person } from '../fixture/person.mjs';
import { errorOf, logIn, loginRequest, refusalOf, relyingParty } from '../fixture/relying-party.mjs';
import { until } from '../fixture/server.mjs';
import { serve } from '../fixture/suite.mjs';

const POLICY = 'security/baseline.yaml';
/** How long after a save the new rule must hold, in milliseconds, on a busy machine with a debug build. */
const OBEYS_WITHIN = 2_000;

const { server, proof } = await serve();
const reports = await relyingParty(server, 'reports');
const web = await relyingParty(server, 'web-basic');
const lifetime = async () => (await oidc.clientCredentialsGrant(reports)).expires_in;

async function savesTTL(from, to, seconds) {
  await server.edit(POLICY, (text) => text.replace(`accessTokenTTL: ${from}`, `accessTokenTTL: ${to}`));
  const saved = performance.now();
  await until(`tokens live ${to}`, OBEYS_WITHIN, async () => (await lifetime()) === seconds);
  return performance.now() - saved;
}

proof('a saved policy holds for the very next tokens, of new and of old grants', async (t) => {
  const tokens = await logIn(web, new Person(server));
  assert.equal(tokens.expires_in, 900);
  const took = await savesTTL('15m', '2m', 120);
  t.diagnostic(`a token showed the edit ${took.toFixed(0)} ms after it was saved`);
  assert.equal((await oidc.refreshTokenGrant(web, tokens.refresh_token)).expires_in, 120);
  await savesTTL('2m', '15m', 900);
});

proof('a broken edit is explained, and the last good state goes on', async () => {
  const before = server.log().length;
  await server.edit(POLICY, (text) => text.replace('accessTokenTTL: 15m', 'accessTokenTTL: 15x'));
  const talk = await until('the fault is told', OBEYS_WITHIN, () => {
    const said = server.log().slice(before);
    return said.includes('15x') && said;
  });
  assert.match(talk, /baseline\.yaml:\d+:\d+/);
  assert.equal(await lifetime(), 900);
  assert.ok((await logIn(web, new Person(server))).id_token);
  await server.edit(POLICY, (text) => text.replace('15x', '3m'));
  await until('the mended policy holds', OBEYS_WITHIN, async () => (await lifetime()) === 180);
  await savesTTL('3m', '15m', 900);
});

proof('a scope that policy takes is left out of the next token, and comes back', async () => {
  const scopes = async () => (await oidc.clientCredentialsGrant(reports)).scope;
  await server.edit(POLICY, (text) => text.replace('"orders:*"', '"orders:read"'));
  await until('the scope is gone', OBEYS_WITHIN, async () => (await scopes()) === 'orders:read');
  await server.edit(POLICY, (text) => text.replace('"orders:read"', '"orders:*"'));
  await until('the scope is back', OBEYS_WITHIN, async () => (await scopes()) === 'orders:read orders:write');
});

proof('a client whose manifest is taken away is not served any more, and comes back with its secret', async () => {
  const before = await server.credentials('reports');
  const status = () => oidc.clientCredentialsGrant(reports).then(() => 200, (error) => error.status);
  await server.edit('teams/services.yaml', (text) => text.replace('name: reports', 'name: other-reports'));
  await until('the client is refused', OBEYS_WITHIN, async () => (await status()) === 401);
  await server.edit('teams/services.yaml', (text) => text.replace('name: other-reports', 'name: reports'));
  const found = await until('it is served again', OBEYS_WITHIN, async () => {
    const again = await relyingParty(server, 'reports').catch(() => undefined);
    return again && oidc.clientCredentialsGrant(again).then(() => true, () => false);
  });
  assert.ok(found);
  // An editor that saves by removing and writing again must not cost an application its secret.
  assert.deepEqual(await server.credentials('reports'), before);
  assert.equal(await status(), 200);
});

proof('after kill -9 and a restart sessions, refresh tokens, codes, ids, secrets and keys are the same', async () => {
  const person = new Person(server);
  const tokens = await logIn(web, person, { scope: 'openid offline_access' });
  const page = await relyingParty(server, 'page');
  const redirect_uri = 'https://page.example/callback';
  const first = await logIn(page, person, { redirect_uri, scope: 'openid offline_access' });
  const rotated = await oidc.refreshTokenGrant(page, first.refresh_token);
  const open = await loginRequest(web);
  const answer = await person.authorize(open.url);
  const credentials = await server.credentials('web-basic');
  const keys = await (await fetch(web.serverMetadata().jwks_uri)).json();
  const spent = await loginRequest(web);
  const used = await person.authorize(spent.url);
  await oidc.authorizationCodeGrant(web, used, spent.checks);

  await server.kill();
  await server.run();

  assert.deepEqual(await server.credentials('web-basic'), credentials);
  assert.deepEqual(await (await fetch(web.serverMetadata().jwks_uri)).json(), keys);
  assert.ok((await oidc.refreshTokenGrant(web, tokens.refresh_token)).access_token);
  assert.ok((await oidc.refreshTokenGrant(page, rotated.refresh_token)).refresh_token);
  assert.ok((await oidc.authorizationCodeGrant(web, answer, open.checks)).id_token);
  person.seen = [];
  assert.equal((await logIn(web, person, { prompt: 'none' })).claims().sid, tokens.claims().sid);
  assert.deepEqual(person.seen, []);
  assert.equal(await refusalOf(oidc.authorizationCodeGrant(web, used, spent.checks)), 'invalid_grant');
  const hint = { id_token_hint: tokens.id_token };
  await person.open(oidc.buildEndSessionUrl(web, hint));
  assert.equal(await errorOf(web, person, { prompt: 'none' }), 'login_required');
});

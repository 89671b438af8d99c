// Back-channel logout (OpenID Connect Back-Channel Logout 1.0), over https, with logout tokens verified by jose.

import assert from 'node:assert/strict';
import { after } from 'node:test';

import * as jose from 'jose';
import * as oidc from 'openid-client';

import { Person } from '../fixture/person.mjs';
import { certificate, Receiver } from '../fixture/receiver.mjs';
import { logIn, relyingParty } from '../fixture/relying-party.mjs';
import { until } from '../fixture/server.mjs';
import { serve } from '../fixture/suite.mjs';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const files = certificate();
const shop = await Receiver.start(files);
const desk = await Receiver.start(files);
const stranger = await Receiver.start(certificate());
after(() => [shop, desk, stranger].forEach((receiver) => receiver.stop()));

const telling = (text, name, url) =>
  text.replace(`  name: ${name}\nspec:\n`, `  name: ${name}\nspec:\n  backChannelLogoutUri: ${url}\n`);
const { server, proof } = await serve({
  edit: {
    'teams/web.yaml': (text) =>
      telling(telling(telling(text, 'web-basic', shop.url), 'web-post', desk.url), 'asking', stranger.url),
  },
  // The certificate of the first two is the only one that is trusted, and their address is private.
  env: { NAUTHERA_ALLOW_PRIVATE_FETCH: 'true', SSL_CERT_FILE: files.cert },
});
const web = await relyingParty(server, 'web-basic');
const post = await relyingParty(server, 'web-post', {
  auth: oidc.ClientSecretPost((await server.credentials('web-post')).client_secret),
});
const keys = jose.createRemoteJWKSet(new URL(`${server.issuer}/oauth2/jwks`));

/** Verifies a logout token as §2.6 asks of a relying party. */
async function verified(token, audience) {
  const checks = { issuer: server.issuer, audience, typ: 'logout+jwt', requiredClaims: ['iat', 'exp', 'jti', 'sub', 'sid'] };
  const { payload } = await jose.jwtVerify(token, keys, checks);
  assert.deepEqual(payload.events, { [EVENT]: {} });
  assert.equal(payload.nonce, undefined);
  assert.ok(payload.exp - payload.iat <= 120);
  return payload;
}

function fresh(...receivers) {
  for (const receiver of receivers) receiver.received.length = 0;
}

const logOut = (person, tokens) => person.open(oidc.buildEndSessionUrl(web, { id_token_hint: tokens.id_token }));

proof('the metadata says so', () => {
  const metadata = web.serverMetadata();
  assert.equal(metadata.backchannel_logout_supported, true);
  assert.equal(metadata.backchannel_logout_session_supported, true);
});

proof('every client of the session is told, and can verify it', async () => {
  fresh(shop, desk);
  const person = new Person(server);
  const tokens = await logIn(web, person);
  await logIn(post, person);
  await logOut(person, tokens);
  const { sub, sid } = tokens.claims();
  for (const [receiver, audience] of [[shop, 'apps.web-basic'], [desk, 'apps.web-post']]) {
    const [token] = await receiver.tokens(1);
    const claims = await verified(token, audience);
    assert.deepEqual([claims.sub, claims.sid], [sub, sid]);
    const [{ method, url, type }] = receiver.received;
    assert.deepEqual([method, url, type], ['POST', '/logout?tenant=a', 'application/x-www-form-urlencoded']);
  }
});

proof('signing out everywhere tells the clients of every browser', async () => {
  fresh(shop, desk);
  const [here, there] = [new Person(server), new Person(server)];
  const sids = [(await logIn(web, here)).claims().sid, (await logIn(web, there)).claims().sid];
  const account = await here.open(`${server.issuer}/account`);
  const everywhere = account.forms.find((form) => form.hidden.some(([, value]) => value === 'end_all'));
  await here.submit(account, everywhere, {});
  const told = await Promise.all((await shop.tokens(2)).map((token) => verified(token, 'apps.web-basic')));
  // Sessions of earlier tests of the same person may end with them.
  for (const sid of sids) assert.ok(told.some((claims) => claims.sid === sid));
});

proof('a client that fails is told again, by another token', async () => {
  fresh(shop);
  shop.answers = [500, 503];
  const person = new Person(server);
  const tokens = await logIn(web, person);
  await logOut(person, tokens);
  const claims = await Promise.all((await shop.tokens(3)).map((token) => verified(token, 'apps.web-basic')));
  assert.equal(new Set(claims.map(({ jti }) => jti)).size, 3);
  assert.deepEqual(new Set(claims.map(({ sid }) => sid)), new Set([tokens.claims().sid]));
});

proof('what a killed process had begun is told by the next one', async () => {
  fresh(shop);
  shop.answers = [undefined];
  const person = new Person(server);
  const tokens = await logIn(web, person);
  await logOut(person, tokens);
  await shop.tokens(1);
  await server.kill();
  await server.run();
  const [, token] = await shop.tokens(2);
  assert.equal((await verified(token, 'apps.web-basic')).sid, tokens.claims().sid);
});

proof('a client whose certificate nobody trusts is told nothing', async () => {
  const person = new Person(server);
  const asking = await relyingParty(server, 'asking');
  const tokens = await logIn(asking, person);
  await person.open(oidc.buildEndSessionUrl(asking, { id_token_hint: tokens.id_token }));
  const failure = /not told of a logout yet.*apps\.asking.*certificate/;
  await until('the failure is logged', 20_000, () => failure.test(server.log()));
  assert.deepEqual(stranger.received, []);
});

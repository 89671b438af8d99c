// The authorization code flow with PKCE, with each way a client may authenticate, from discovery to userinfo.

import assert from 'node:assert/strict';

import { exportJWK, generateKeyPair } from 'jose';
import * as oidc from 'openid-client';

import { Person } from '../fixture/person.mjs';
import { logIn, loginRequest, refusalOf, relyingParty } from '../fixture/relying-party.mjs';
import { serve } from '../fixture/suite.mjs';

/** A client that authenticates with keys, one for each algorithm; JSON is YAML. */
async function clientWithKeys() {
  const privateKeys = {};
  const keys = [];
  for (const alg of ['ES256', 'RS256', 'PS256', 'EdDSA', 'Ed25519']) {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    keys.push({ ...(await exportJWK(publicKey)), kid: alg, alg, use: 'sig' });
    privateKeys[alg] = { key: privateKey, kid: alg };
  }
  const manifest = {
    apiVersion: 'auth.nauthera.io/v1alpha1',
    kind: 'AuthClient',
    metadata: { namespace: 'apps', name: 'web-jwt' },
    spec: {
      authServerRef: { namespace: 'identity', name: 'main' },
      type: 'web',
      grantTypes: ['authorization_code', 'refresh_token', 'client_credentials'],
      authentication: { method: 'private_key_jwt', jwks: { keys } },
      redirectUris: ['https://rp.example/callback'],
      scopes: ['openid', 'profile', 'orders:read'],
    },
  };
  return { privateKeys, file: JSON.stringify(manifest) };
}

const { privateKeys, file } = await clientWithKeys();
const { server, proof } = await serve({ write: { 'teams/web-jwt.yaml': file } });
const withKey = (options, alg = 'ES256') =>
  relyingParty(server, 'web-jwt', { auth: oidc.PrivateKeyJwt(privateKeys[alg], options) });

async function logsIn(config, parameters) {
  const tokens = await logIn(config, new Person(server), { scope: 'openid profile', ...parameters });
  const claims = tokens.claims();
  assert.equal(claims.iss, server.issuer);
  assert.equal(claims.aud, config.clientMetadata().client_id);
  assert.equal(tokens.token_type, 'bearer');
  assert.equal(tokens.scope, 'openid profile');
  assert.equal(tokens.expires_in, 900);
  const userinfo = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub);
  assert.equal(userinfo.name, 'Ada Lovelace');
  return tokens;
}

proof('a web client logs a person in with client_secret_basic', async () => {
  const tokens = await logsIn(await relyingParty(server, 'web-basic'));
  assert.ok(tokens.refresh_token);
});

proof('a web client logs a person in with client_secret_post', async () => {
  const { client_secret } = await server.credentials('web-post');
  await logsIn(await relyingParty(server, 'web-post', { auth: oidc.ClientSecretPost(client_secret) }));
});

proof('a web client logs a person in with private_key_jwt', async () => {
  await logsIn(await withKey());
});

proof('a client may sign its assertions with each algorithm that the metadata lists', async () => {
  const { token_endpoint_auth_signing_alg_values_supported: listed } = (await withKey()).serverMetadata();
  assert.deepEqual([...listed].sort(), Object.keys(privateKeys).sort());
  for (const alg of listed) {
    // The library names Ed25519 as RFC 9864 does; here it is told the older name where that is listed.
    const config = await withKey({ [oidc.modifyAssertion]: (header) => (header.alg = alg) }, alg);
    assert.ok((await oidc.clientCredentialsGrant(config)).access_token, alg);
    assert.ok((await oidc.clientCredentialsGrant(await withKey({}, alg))).access_token, alg);
  }
});

proof('a request may be pushed with an assertion', async () => {
  for (const aud of [server.issuer, `${server.issuer}/oauth2/par`]) {
    const config = await withKey({
      [oidc.modifyAssertion]: (_, payload) => {
        payload.aud = aud;
      },
    });
    const { url } = await loginRequest(config, {}, { pushed: true });
    assert.ok(url.searchParams.get('request_uri'), aud);
  }
});

proof('an assertion may name the token endpoint as its audience, and is good only once', async () => {
  const config = await withKey({
    [oidc.modifyAssertion]: (_, payload) => {
      payload.aud = `${server.issuer}/oauth2/token`;
      payload.jti = 'one';
    },
  });
  assert.ok((await oidc.clientCredentialsGrant(config)).access_token);
  assert.equal(await refusalOf(oidc.clientCredentialsGrant(config)), 'invalid_client');
});

for (const [what, change] of Object.entries({
  'for another audience': (header, payload) => (payload.aud = 'https://other.example'),
  'that has expired': (header, payload) => (payload.exp = payload.iat - 60),
  'of another client': (header, payload) => (payload.iss = 'apps.web-basic'),
  'without an id': (header, payload) => delete payload.jti,
})) {
  proof(`an assertion ${what} is refused`, async () => {
    const config = await withKey({ [oidc.modifyAssertion]: change });
    assert.equal(await refusalOf(oidc.clientCredentialsGrant(config)), 'invalid_client');
  });
}

proof('an assertion by a key that the manifest does not name is refused', async () => {
  const { privateKey } = await generateKeyPair('ES256');
  const config = await relyingParty(server, 'web-jwt', { auth: oidc.PrivateKeyJwt({ key: privateKey, kid: 'ES256' }) });
  assert.equal(await refusalOf(oidc.clientCredentialsGrant(config)), 'invalid_client');
});

proof('a single page logs a person in without authenticating', async () => {
  const redirect_uri = 'https://page.example/callback';
  const tokens = await logsIn(await relyingParty(server, 'page'), { redirect_uri });
  assert.ok(tokens.refresh_token);
});

proof('a native client may listen on any port of the loopback address, and the person is always asked', async () => {
  const config = await relyingParty(server, 'till');
  const person = new Person(server);
  for (const port of [4_711, 51_234]) {
    const redirect_uri = `http://127.0.0.1:${port}/callback`;
    const tokens = await logIn(config, person, { redirect_uri });
    assert.ok(tokens.claims().sub);
  }
  assert.deepEqual(person.seen, ['login', 'consent', 'consent']);
});

proof('a native client may use a scheme of its own', async () => {
  const config = await relyingParty(server, 'till');
  const { url } = await loginRequest(config, { redirect_uri: 'com.example.till:/callback' });
  const end = await new Person(server).authorize(url);
  assert.equal(end.protocol, 'com.example.till:');
  assert.ok(end.searchParams.get('code'));
});

proof('a wrong secret, an unknown client and another method are refused in the same words', async () => {
  const { client_id, client_secret } = await server.credentials('web-basic');
  const basic = (id, secret) => [{}, { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` }];
  const answers = [];
  for (const [form, headers] of [
    basic(client_id, 'wrong'),
    basic('apps.nobody', 'wrong'),
    [{ client_id, client_secret }, {}],
    [{ client_id }, {}],
  ]) {
    const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'x', ...form });
    const response = await fetch(`${server.issuer}/oauth2/token`, { method: 'POST', body, headers });
    const { request_id, ...words } = await response.json();
    assert.ok(request_id);
    answers.push([response.status, response.headers.get('www-authenticate')?.split(' ')[0], words]);
  }
  assert.equal(answers[0][0], 401);
  assert.equal(answers[0][2].error, 'invalid_client');
  for (const answer of answers) assert.deepEqual(answer, answers[0]);
});

proof('a code is good once, and a second use ends what the first one gave', async () => {
  const config = await relyingParty(server, 'web-basic');
  const { url, checks } = await loginRequest(config);
  const answer = await new Person(server).authorize(url);
  const tokens = await oidc.authorizationCodeGrant(config, answer, checks);
  const again = refusalOf(oidc.authorizationCodeGrant(config, answer, checks));
  assert.equal(await again, 'invalid_grant');
  assert.equal(await refusalOf(oidc.refreshTokenGrant(config, tokens.refresh_token)), 'invalid_grant');
  assert.equal((await oidc.tokenIntrospection(config, tokens.access_token)).active, false);
});

proof('a wrong code_verifier is refused', async () => {
  const config = await relyingParty(server, 'page');
  const { url, checks } = await loginRequest(config, { redirect_uri: 'https://page.example/callback' });
  const answer = await new Person(server).authorize(url);
  checks.pkceCodeVerifier = oidc.randomPKCECodeVerifier();
  assert.equal(await refusalOf(oidc.authorizationCodeGrant(config, answer, checks)), 'invalid_grant');
});

proof('a code of one client is of no use to another', async () => {
  const { url, checks } = await loginRequest(await relyingParty(server, 'web-basic'));
  const answer = await new Person(server).authorize(url);
  const { client_secret } = await server.credentials('web-post');
  const other = await relyingParty(server, 'web-post', { auth: oidc.ClientSecretPost(client_secret) });
  assert.equal(await refusalOf(oidc.authorizationCodeGrant(other, answer, checks)), 'invalid_grant');
});

proof('a wrong password shows the login page again and says so, and then the right one logs in', async () => {
  const config = await relyingParty(server, 'web-basic');
  const { url, checks } = await loginRequest(config);
  const person = new Person(server, { username: 'grace', password: 'wrong' });
  const page = await person.go(url);
  assert.equal(page.name, 'login');
  assert.match(page.html, /role="alert"/);
  const answer = await person.submit(page, page.form('username'), { username: 'grace', password: 'quickstart' });
  const tokens = await oidc.authorizationCodeGrant(config, answer, checks);
  const ada = await logIn(config, new Person(server));
  assert.notEqual(tokens.claims().sub, ada.claims().sub);
});

proof('the subject of a person is the same for every client', async () => {
  const subjects = [];
  for (const name of ['web-basic', 'pushed']) {
    const tokens = await logIn(await relyingParty(server, name), new Person(server), {}, { pushed: true });
    subjects.push(tokens.claims().sub);
  }
  assert.equal(subjects[0], subjects[1]);
});

// What a relying party finds before it does anything: metadata and keys, for an issuer without and with a path.

import assert from 'node:assert/strict';

import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as oauth from 'oauth4webapi';
import * as oidc from 'openid-client';

import { Person } from '../fixture/person.mjs';
import { errorOf, logIn, relyingParty } from '../fixture/relying-party.mjs';
import { serve } from '../fixture/suite.mjs';

const { server, proof } = await serve();
const tenant = await serve({ path: '/tenant/a' });

proof('openid-client discovers the provider as OpenID Connect says', async () => {
  const config = await relyingParty(server, 'web-basic');
  const metadata = config.serverMetadata();
  assert.equal(metadata.issuer, server.issuer);
  assert.ok(metadata.supportsPKCE('S256'));
  assert.deepEqual(metadata.response_types_supported, ['code']);
  assert.ok(metadata.authorization_response_iss_parameter_supported);
});

proof('openid-client discovers the server as RFC 8414 says, and finds the same', async () => {
  const asProvider = await relyingParty(server, 'web-basic');
  const asServer = await relyingParty(server, 'web-basic', { algorithm: 'oauth2' });
  assert.deepEqual({ ...asServer.serverMetadata() }, { ...asProvider.serverMetadata() });
});

proof('every endpoint of the metadata is there', async () => {
  const metadata = (await relyingParty(server, 'web-basic')).serverMetadata();
  const endpoints = Object.entries(metadata).filter(([name]) => name.endsWith('_endpoint') || name === 'jwks_uri');
  assert.equal(endpoints.length, 9);
  for (const [name, url] of endpoints) {
    assert.ok(url.startsWith(`${server.issuer}/`), `${name}: ${url}`);
    const { status } = await fetch(url, { redirect: 'manual' });
    assert.notEqual(status, 404, name);
    assert.ok(status < 500, `${name}: ${status}`);
  }
});

proof('the published keys are of use, and nothing private is among them', async () => {
  const { keys } = await (await fetch(`${server.issuer}/oauth2/jwks`)).json();
  assert.ok(keys.length >= 1);
  for (const key of keys) {
    assert.equal(key.use, 'sig');
    assert.equal(key.alg, 'RS256');
    assert.ok(key.kid);
    for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) assert.equal(key[secret], undefined);
  }
});

tenant.proof('an issuer with a path is found in both forms of the well-known address', async () => {
  for (const algorithm of ['oidc', 'oauth2']) {
    const response = await oauth.discoveryRequest(new URL(tenant.server.issuer), {
      algorithm,
      [oauth.allowInsecureRequests]: true,
    });
    const metadata = await oauth.processDiscoveryResponse(new URL(tenant.server.issuer), response);
    assert.equal(metadata.issuer, tenant.server.issuer, algorithm);
    assert.equal(metadata.token_endpoint, `${tenant.server.issuer}/oauth2/token`);
  }
});

tenant.proof('an issuer with a path issues tokens that name it', async () => {
  const config = await relyingParty(tenant.server, 'reports');
  const { access_token } = await oidc.clientCredentialsGrant(config);
  const keys = createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri));
  const { payload } = await jwtVerify(access_token, keys, { issuer: tenant.server.issuer, typ: 'at+jwt' });
  assert.equal(payload.sub, 'apps.reports');
});

tenant.proof('an issuer with a path logs people in and out', async () => {
  const config = await relyingParty(tenant.server, 'web-basic');
  const person = new Person(tenant.server);
  const tokens = await logIn(config, person, { scope: 'openid profile' });
  assert.equal(tokens.claims().iss, tenant.server.issuer);
  const userinfo = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
  assert.equal(userinfo.name, 'Ada Lovelace');
  assert.ok((await logIn(config, person, { prompt: 'none' })).id_token);
  const end = { id_token_hint: tokens.id_token, post_logout_redirect_uri: 'https://rp.example/bye' };
  assert.equal((await person.open(oidc.buildEndSessionUrl(config, end))).href, 'https://rp.example/bye');
  assert.equal(await errorOf(config, person, { prompt: 'none' }), 'login_required');
});

tenant.proof('nothing answers beside the path of the issuer', async () => {
  const beside = await fetch(new URL('/oauth2/jwks', tenant.server.issuer));
  assert.equal(beside.status, 404);
});

proof('scripts of any origin may read metadata and keys', async () => {
  for (const path of ['/.well-known/openid-configuration', '/oauth2/jwks']) {
    const response = await fetch(`${server.issuer}${path}`, { headers: { origin: 'https://page.example' } });
    assert.equal(response.headers.get('access-control-allow-origin'), '*', path);
    assert.equal(response.headers.get('access-control-allow-credentials'), null, path);
  }
});

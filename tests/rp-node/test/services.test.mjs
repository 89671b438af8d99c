// Clients without a person, and what resource servers ask: client credentials, introspection, revocation.

import assert from 'node:assert/strict';

import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as oidc from 'openid-client';

import { Person } from '../fixture/person.mjs';
import { logIn, refusalOf, relyingParty } from '../fixture/relying-party.mjs';
import { serve } from '../fixture/suite.mjs';

const ORDERS = 'https://api.example/orders';
const STOCK = 'https://api.example/stock';

const { server, proof } = await serve();
const reports = await relyingParty(server, 'reports');
const ordersApi = await relyingParty(server, 'orders-api');
const web = await relyingParty(server, 'web-basic');
const page = await relyingParty(server, 'page');
const keys = createRemoteJWKSet(new URL(web.serverMetadata().jwks_uri));

proof('a service gets a token for itself, for the resource that it names', async () => {
  const tokens = await oidc.clientCredentialsGrant(reports, { scope: 'orders:read', resource: ORDERS });
  assert.equal(tokens.refresh_token, undefined);
  assert.equal(tokens.id_token, undefined);
  const { payload } = await jwtVerify(tokens.access_token, keys, { audience: ORDERS, typ: 'at+jwt' });
  assert.equal(payload.sub, 'apps.reports');
  assert.equal(payload.client_id, 'apps.reports');
  assert.equal(payload.scope, 'orders:read');
  assert.equal(payload.auth_time, undefined);
});

proof('a service that names no scope gets all of its own', async () => {
  const tokens = await oidc.clientCredentialsGrant(reports);
  assert.equal(tokens.scope, 'orders:read orders:write');
});

proof('a resource or a scope that is not the client’s is refused', async () => {
  const resource = oidc.clientCredentialsGrant(reports, { resource: 'https://other.example/' });
  assert.equal(await refusalOf(resource), 'invalid_target');
  assert.equal(await refusalOf(oidc.clientCredentialsGrant(reports, { scope: 'payroll' })), 'invalid_scope');
});

proof('a token has one audience', async () => {
  const both = new URLSearchParams([['resource', ORDERS], ['resource', STOCK]]);
  assert.equal(await refusalOf(oidc.clientCredentialsGrant(reports, both)), 'invalid_target');
});

proof('a client gets only the grants of its manifest', async () => {
  assert.equal(await refusalOf(oidc.clientCredentialsGrant(web)), 'unauthorized_client');
});

proof('of two resources that were authorised the token request chooses one', async () => {
  const url = new URLSearchParams([['resource', ORDERS], ['resource', STOCK]]);
  const person = new Person(server);
  const verifier = oidc.randomPKCECodeVerifier();
  url.set('redirect_uri', 'https://rp.example/callback');
  url.set('scope', 'orders:read');
  url.set('code_challenge', await oidc.calculatePKCECodeChallenge(verifier));
  url.set('code_challenge_method', 'S256');
  const answer = await person.authorize(oidc.buildAuthorizationUrl(web, url));
  const tokens = await oidc.authorizationCodeGrant(web, answer, { pkceCodeVerifier: verifier }, { resource: STOCK });
  await jwtVerify(tokens.access_token, keys, { audience: STOCK });
  const orders = await oidc.refreshTokenGrant(web, tokens.refresh_token, { resource: ORDERS });
  await jwtVerify(orders.access_token, keys, { audience: ORDERS });
  assert.equal(await refusalOf(oidc.refreshTokenGrant(web, tokens.refresh_token)), 'invalid_target');
});

proof('a resource server introspects tokens for its audience', async () => {
  const { access_token } = await oidc.clientCredentialsGrant(reports, { resource: ORDERS });
  const found = await oidc.tokenIntrospection(ordersApi, access_token);
  assert.equal(found.active, true);
  assert.equal(found.client_id, 'apps.reports');
  assert.equal(found.aud, ORDERS);
  assert.equal(found.iss, server.issuer);
});

proof('of other tokens it learns nothing', async () => {
  const { access_token } = await oidc.clientCredentialsGrant(reports, { resource: STOCK });
  assert.deepEqual({ ...(await oidc.tokenIntrospection(ordersApi, access_token)) }, { active: false });
  assert.deepEqual({ ...(await oidc.tokenIntrospection(ordersApi, 'nonsense')) }, { active: false });
});

proof('a client introspects its own tokens', async () => {
  const tokens = await logIn(web, new Person(server), { scope: 'openid offline_access' });
  for (const token of [tokens.access_token, tokens.refresh_token]) {
    const found = await oidc.tokenIntrospection(web, token);
    assert.equal(found.active, true);
    assert.equal(found.sub, tokens.claims().sub);
  }
});

proof('a public client may not introspect', async () => {
  assert.equal(await refusalOf(oidc.tokenIntrospection(page, 'x')), 'invalid_client');
});

proof('revoking a refresh token ends its family', async () => {
  const tokens = await logIn(web, new Person(server));
  await oidc.tokenRevocation(web, tokens.refresh_token);
  assert.equal(await refusalOf(oidc.refreshTokenGrant(web, tokens.refresh_token)), 'invalid_grant');
  assert.equal((await oidc.tokenIntrospection(web, tokens.access_token)).active, false);
  const userinfo = oidc.fetchUserInfo(web, tokens.access_token, tokens.claims().sub);
  assert.equal(await refusalOf(userinfo), 'invalid_token');
});

proof('revoking an access token ends it, with a person and without one', async () => {
  const tokens = await logIn(web, new Person(server));
  await oidc.tokenRevocation(web, tokens.access_token, { token_type_hint: 'access_token' });
  assert.equal((await oidc.tokenIntrospection(web, tokens.access_token)).active, false);
  const own = await oidc.clientCredentialsGrant(reports);
  await oidc.tokenRevocation(reports, own.access_token);
  assert.equal((await oidc.tokenIntrospection(reports, own.access_token)).active, false);
});

proof('a public client revokes its own token', async () => {
  const tokens = await logIn(page, new Person(server), { redirect_uri: 'https://page.example/callback' });
  await oidc.tokenRevocation(page, tokens.refresh_token);
  assert.equal(await refusalOf(oidc.refreshTokenGrant(page, tokens.refresh_token)), 'invalid_grant');
});

proof('revoking what is unknown or another client’s changes nothing and says nothing', async () => {
  const tokens = await logIn(web, new Person(server));
  await oidc.tokenRevocation(reports, tokens.refresh_token);
  await oidc.tokenRevocation(reports, 'nonsense');
  assert.ok((await oidc.refreshTokenGrant(web, tokens.refresh_token)).access_token);
});

proof('userinfo takes only tokens of a person for the issuer', async () => {
  const service = await oidc.clientCredentialsGrant(reports);
  const other = await logIn(web, new Person(server), { scope: 'openid orders:read', resource: ORDERS });
  for (const { access_token } of [service, other]) {
    const userinfo = oidc.fetchUserInfo(web, access_token, oidc.skipSubjectCheck);
    assert.equal(await refusalOf(userinfo), 'invalid_token');
  }
});

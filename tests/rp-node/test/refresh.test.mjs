// Refresh tokens: kept by confidential clients, rotated for public ones, and a stolen one ends the family.

import assert from 'node:assert/strict';

import * as oidc from 'openid-client';

import { Person } from '../fixture/person.mjs';
import { logIn, refusalOf, relyingParty } from '../fixture/relying-party.mjs';
import { serve } from '../fixture/suite.mjs';

const { server, proof } = await serve();
const web = await relyingParty(server, 'web-basic');
const page = await relyingParty(server, 'page');
const fromPage = (scope) => logIn(page, new Person(server), { redirect_uri: 'https://page.example/callback', scope });

proof('a confidential client refreshes as often as it likes with one token', async () => {
  const tokens = await logIn(web, new Person(server), { scope: 'openid profile' });
  for (let i = 0; i < 3; i += 1) {
    const fresh = await oidc.refreshTokenGrant(web, tokens.refresh_token);
    assert.equal(fresh.refresh_token, undefined);
    assert.equal(fresh.claims().sub, tokens.claims().sub);
    assert.equal(fresh.claims().auth_time, tokens.claims().auth_time);
    assert.equal(fresh.claims().nonce, undefined);
    await oidc.fetchUserInfo(web, fresh.access_token, tokens.claims().sub);
  }
});

proof('a refresh may ask for fewer scopes, and not for others', async () => {
  const tokens = await logIn(web, new Person(server), { scope: 'openid profile email' });
  const fewer = await oidc.refreshTokenGrant(web, tokens.refresh_token, { scope: 'openid email' });
  assert.equal(fewer.scope, 'openid email');
  const all = await oidc.refreshTokenGrant(web, tokens.refresh_token);
  assert.equal(all.scope, 'openid profile email');
  const others = oidc.refreshTokenGrant(web, tokens.refresh_token, { scope: 'openid phone' });
  assert.equal(await refusalOf(others), 'invalid_scope');
});

proof('a public client gets a new token each time', async () => {
  let { refresh_token } = await fromPage('openid offline_access');
  const all = new Set([refresh_token]);
  for (let i = 0; i < 3; i += 1) {
    ({ refresh_token } = await oidc.refreshTokenGrant(page, refresh_token));
    all.add(refresh_token);
  }
  assert.equal(all.size, 4);
});

proof('a retried refresh gets the same successor', async () => {
  const { refresh_token } = await fromPage('openid');
  const answers = await Promise.all([1, 2, 3].map(() => oidc.refreshTokenGrant(page, refresh_token)));
  assert.equal(new Set(answers.map((answer) => answer.refresh_token)).size, 1);
});

proof('a token whose successor was used ends the whole family', async () => {
  const first = (await fromPage('openid')).refresh_token;
  const second = (await oidc.refreshTokenGrant(page, first)).refresh_token;
  const third = (await oidc.refreshTokenGrant(page, second)).refresh_token;
  assert.equal(await refusalOf(oidc.refreshTokenGrant(page, first)), 'invalid_grant');
  assert.equal(await refusalOf(oidc.refreshTokenGrant(page, third)), 'invalid_grant');
});

proof('a refresh token of one client is of no use to another', async () => {
  const { refresh_token } = await fromPage('openid');
  assert.equal(await refusalOf(oidc.refreshTokenGrant(web, refresh_token)), 'invalid_grant');
  assert.ok((await oidc.refreshTokenGrant(page, refresh_token)).access_token);
});

// Logout that a relying party begins (OpenID Connect RP-Initiated Logout 1.0).

import assert from 'node:assert/strict';

import * as oidc from 'openid-client';

import { Person } from '../fixture/person.mjs';
import { errorOf, logIn, refusalOf, relyingParty } from '../fixture/relying-party.mjs';
import { serve } from '../fixture/suite.mjs';

const BYE = 'https://rp.example/bye';
const { server, proof } = await serve();
const web = await relyingParty(server, 'web-basic');

async function loggedIn(scope = 'openid') {
  const person = new Person(server);
  const tokens = await logIn(web, person, { scope });
  person.seen = [];
  return { person, tokens };
}

const isLoggedOut = async (person) => (await errorOf(web, person, { prompt: 'none' })) === 'login_required';

proof('with the ID token as hint the person is logged out and sent back with the state', async () => {
  const { person, tokens } = await loggedIn();
  const end = await person.open(
    oidc.buildEndSessionUrl(web, { id_token_hint: tokens.id_token, post_logout_redirect_uri: BYE, state: 'a b' }),
  );
  assert.equal(end.href, `${BYE}?state=a+b`);
  assert.deepEqual(person.seen, []);
  assert.ok(await isLoggedOut(person));
});

proof('without a hint the person is asked, and may stay', async () => {
  const { person } = await loggedIn();
  const url = oidc.buildEndSessionUrl(web, { post_logout_redirect_uri: BYE });
  const page = await person.open(url);
  assert.equal(page.name, 'logout');
  const account = await person.submit(page, page.forms[0], { decision: 'stay' });
  assert.equal(account.name, 'account');
  assert.ok((await logIn(web, person, { prompt: 'none' })).id_token);
  const again = await person.open(url);
  const end = await person.submit(again, again.forms[0], { decision: 'logout' });
  assert.equal(end.href, BYE);
  assert.ok(await isLoggedOut(person));
});

proof('a hint for another session asks the person', async () => {
  const other = await loggedIn();
  const { person } = await loggedIn();
  const url = oidc.buildEndSessionUrl(web, { id_token_hint: other.tokens.id_token });
  assert.equal((await person.open(url)).name, 'logout');
});

proof('a forged hint asks the person', async () => {
  const { person, tokens } = await loggedIn();
  const forged = tokens.id_token.replace(/.{8}$/, 'AAAAAAAA');
  assert.equal((await person.open(oidc.buildEndSessionUrl(web, { id_token_hint: forged }))).name, 'logout');
});

proof('an address that is not registered is never redirected to, and the session stays', async () => {
  const { person, tokens } = await loggedIn();
  const parameters = { id_token_hint: tokens.id_token, post_logout_redirect_uri: 'https://evil.example/' };
  const page = await person.open(oidc.buildEndSessionUrl(web, parameters));
  assert.equal(page.name, 'error');
  assert.ok((await logIn(web, person, { prompt: 'none' })).id_token);
});

proof('a client_id that is not the hint’s is refused', async () => {
  const { person, tokens } = await loggedIn();
  const url = oidc.buildEndSessionUrl(web, { id_token_hint: tokens.id_token, client_id: 'apps.web-post' });
  assert.equal((await person.open(url)).name, 'error');
});

proof('logging out ends refresh tokens, save those with offline_access', async () => {
  const { person, tokens } = await loggedIn('openid');
  const offline = await logIn(web, person, { scope: 'openid offline_access' });
  await person.open(oidc.buildEndSessionUrl(web, { id_token_hint: tokens.id_token }));
  assert.equal(await refusalOf(oidc.refreshTokenGrant(web, tokens.refresh_token)), 'invalid_grant');
  assert.ok((await oidc.refreshTokenGrant(web, offline.refresh_token)).access_token);
});

proof('the request may be posted', async () => {
  const { person, tokens } = await loggedIn();
  const url = `${server.issuer}/oauth2/logout`;
  const end = await person.open(url, { id_token_hint: tokens.id_token, post_logout_redirect_uri: BYE });
  assert.equal(end.href, BYE);
  assert.ok(await isLoggedOut(person));
});

// Tokens of every algorithm that a manifest may name, verified by jose against the published keys.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import * as oauth from 'oauth4webapi';

import { Person } from '../fixture/person.mjs';
import { logIn, relyingParty } from '../fixture/relying-party.mjs';
import { serve } from '../fixture/suite.mjs';

/** The left half of the hash that goes with the algorithm (OpenID Connect Core 3.1.3.6). */
function leftHalf(text, algorithm) {
  const digest = createHash(algorithm === 'EdDSA' ? 'sha512' : 'sha256').update(text).digest();
  return digest.subarray(0, digest.length / 2).toString('base64url');
}

const suites = await Promise.all(
  ['RS256', 'PS256', 'ES256', 'EdDSA'].map(async (algorithm) => {
    const edit = algorithm === 'RS256' ? {} : { 'platform/server.yaml': (text) => text.replace('RS256', algorithm) };
    return { algorithm, ...(await serve({ edit })) };
  }),
);

for (const { algorithm, server, proof } of suites) {
  proof(`${algorithm}: jose verifies the ID token and the access token`, async () => {
    const config = await relyingParty(server, 'web-basic');
    const metadata = config.serverMetadata();
    assert.ok(metadata.id_token_signing_alg_values_supported.includes(algorithm));
    const scope = 'openid groups orders:read';
    const tokens = await logIn(config, new Person(server), { scope, resource: 'https://api.example/orders' });
    const keys = createRemoteJWKSet(new URL(metadata.jwks_uri));

    const id = await jwtVerify(tokens.id_token, keys, {
      issuer: server.issuer,
      audience: 'apps.web-basic',
      algorithms: [algorithm],
      requiredClaims: ['sub', 'exp', 'iat', 'nonce', 'auth_time', 'at_hash', 'sid', 'acr', 'amr'],
    });
    assert.equal(id.payload.at_hash, leftHalf(tokens.access_token, algorithm));
    assert.equal(id.payload.exp - id.payload.iat, 300);
    assert.notEqual(id.protectedHeader.typ, 'at+jwt');

    const access = await jwtVerify(tokens.access_token, keys, {
      issuer: server.issuer,
      audience: 'https://api.example/orders',
      algorithms: [algorithm],
      typ: 'at+jwt',
      requiredClaims: ['sub', 'client_id', 'exp', 'iat', 'jti', 'scope', 'auth_time', 'acr', 'amr'],
    });
    assert.equal(access.payload.client_id, 'apps.web-basic');
    assert.equal(access.payload.sub, id.payload.sub);
    assert.equal(access.payload.scope, scope);
    assert.deepEqual(access.payload.groups, ['staff', 'analysts']);
  });

  proof(`${algorithm}: a resource server with oauth4webapi takes the access token as RFC 9068 says`, async () => {
    const config = await relyingParty(server, 'web-basic');
    const resource = 'https://api.example/orders';
    const tokens = await logIn(config, new Person(server), { scope: 'openid orders:read', resource });
    const request = new Request(resource, { headers: { authorization: `Bearer ${tokens.access_token}` } });
    const options = { [oauth.allowInsecureRequests]: true };
    const claims = await oauth.validateJwtAccessToken(config.serverMetadata(), request, resource, options);
    assert.equal(claims.client_id, 'apps.web-basic');
    await assert.rejects(
      oauth.validateJwtAccessToken(config.serverMetadata(), request, 'https://api.example/stock', options),
    );
  });

  proof(`${algorithm}: an ID token is not taken for an access token`, async () => {
    const config = await relyingParty(server, 'web-basic');
    const tokens = await logIn(config, new Person(server));
    assert.equal(decodeProtectedHeader(tokens.id_token).alg, algorithm);
    const response = await fetch(config.serverMetadata().userinfo_endpoint, {
      headers: { authorization: `Bearer ${tokens.id_token}` },
    });
    assert.equal(response.status, 401);
  });
}

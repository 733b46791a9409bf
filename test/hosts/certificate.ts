/** A key and a certificate for 127.0.0.1 and localhost, signed by itself and good until 2126. Of use in tests only. */
export const certificate = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBpjCCAU2gAwIBAgIUMxJtTzm2A5upLkaXsEEpluCXvZgwCgYIKoZIzj0EAwIw
GjEYMBYGA1UEAwwPY3Jvc3Nkb2NrIHRlc3RzMCAXDTI2MTEyNTAzMDE0N1oYDzIx
MjYxMTAxMDMwMTQ3WjAaMRgwFgYDVQQDDA9jcm9zc2RvY2sgdGVzdHMwWTATBgcq
hkjOPQIBBggqhkjOPQMBBwNCAAR0v2i+uxidHL62DWVzxm1Puvp1W68NZQrM1n9I
m71M2itehmgykETz/xCckfhjHlnwnd2wGgs1wjKy4OarIK+fo28wbTAdBgNVHQ4E
FgQUXPaURyPWTsPXZCccR1Rb28JmjswwHwYDVR0jBBgwFoAUXPaURyPWTsPXZCcc
R1Rb28JmjswwDwYDVR0TAQH/BAUwAwEB/zAaBgNVHREEEzARhwR/AAABgglsb2Nh
bGhvc3QwCgYIKoZIzj0EAwIDRwAwRAIge3BaEvgGPLRsXlyTP1M5SDypMW1y/qAB
Ewht4LMR/goCIECq2BEBgtCHw0n9KXFbAOd0KMcjOg6enxxPHTD5URlo
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgTXZdE/WsXBz4UJx+
yyVY0quCi7+DN/y7umnZvBsI5a6hRANCAAR0v2i+uxidHL62DWVzxm1Puvp1W68N
ZQrM1n9Im71M2itehmgykETz/xCckfhjHlnwnd2wGgs1wjKy4OarIK+f
-----END PRIVATE KEY-----
`,
};

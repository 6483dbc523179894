/** The header by which a SOAP client says its key: it is the password, and the user may have any name. */
export const basicAuthorization = (key: string): string =>
  `Basic ${Buffer.from(`any:${key}`).toString('base64')}`

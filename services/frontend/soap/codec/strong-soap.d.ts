// strong-soap has no types; these are the parts of it that are used.
declare module 'strong-soap' {
  export interface StrongSoap {
    readonly WSDL: new (text: string, uri: string, options: object) => WsdlFile
    readonly XMLHandler: XmlHandlerClass
  }

  export interface WsdlFile {
    load(done: (error: Error | null) => void): void
    readonly definitions: Definitions
  }

  export interface Definitions {
    readonly schemas: object
    readonly services: Readonly<
      Record<
        string,
        {
          readonly ports: Readonly<
            Record<
              string,
              { readonly binding: { readonly operations: Readonly<Record<string, WsdlOperation>> } }
            >
          >
        }
      >
    >
  }

  export interface WsdlOperation {
    describe(definitions: Definitions): OperationDescriptor
  }

  export interface OperationDescriptor {
    readonly inputEnvelope: object
    readonly output: { readonly body: object }
  }

  export interface XmlHandlerClass {
    new (schemas: object, options: { readonly ignoreUnknownProperties: boolean }): XmlHandler
    readonly createSOAPEnvelope: CreateEnvelope
  }

  export type CreateEnvelope = (
    prefix: string,
    namespace: string,
  ) => {
    readonly body: XmlNode
    readonly header: XmlNode
    readonly doc: XmlNode
  }

  export interface XmlHandler {
    xmlToJson(
      namespaces: null,
      xml: string,
      descriptor: object,
    ): { readonly Body?: Readonly<Record<string, unknown>> }
    jsonToXml(parent: XmlNode, namespaces: null, descriptor: object, value: unknown): void
  }

  export interface XmlNode {
    remove(): unknown
    end(): string
  }

  const strongSoap: { readonly soap: StrongSoap }
  // biome-ignore lint/style/noDefaultExport: it is CommonJS, whose module is the default
  export default strongSoap
}

-- Every name of the component's reference, as data for spec/names_spec.lua. Written down from the
-- reference, not from our tables, so that a name missing there is noticed.

return {
  -- Name = may it be assigned?
  properties = {
    Listening = true, LocalHost = true, LocalPort = true, PendingRequests = false,
    RequestContentFormat = true, RequestData = true, RequestDataB = true, RequestETag = true,
    RequestETagB = true, RequestOptions = true, ResponseCode = true, ResponseContentFormat = true,
    ResponseData = true, ResponseDataB = true, ResponseETag = true, ResponseETagB = true,
    ResponseOptions = true, SSLAcceptServerCert = true, SSLAuthenticateClients = true,
    SSLCert = true, SSLEnabled = true, SSLServerCert = false, Timeout = true,
    UseConfirmableMessages = true,
  },

  -- "Shutdown" is only mentioned by the reference.
  methods = {
    "CancelRequest", "Config", "Delete", "DoEvents", "Get", "Post", "Put", "Reset",
    "SendCustomRequest", "SendNotification", "SendResponse", "StartListening", "StartObserving",
    "StopListening", "StopObserving", "Shutdown",
  },

  -- Event = its fields and their types; "var" says that handlers may assign it.
  events = {
    Error = {
      ErrorCode = "integer", Description = "string",
    },
    Log = {
      LogLevel = "integer", Message = "string",
    },
    Notification = {
      URI = "string", IsLatest = "boolean", StopObserving = "var boolean",
    },
    Register = {
      RemoteHost = "string", RemotePort = "integer", URI = "string", URIHost = "string",
      URIPort = "integer", URIPath = "string", URIQuery = "string", Token = "string",
      TokenB = "string", Accept = "var boolean",
    },
    Request = {
      RemoteHost = "string", RemotePort = "integer", Method = "integer", URIHost = "string",
      URIPort = "integer", URIPath = "string", URIQuery = "string", Token = "string",
      TokenB = "string", RequestId = "string", SendResponse = "var boolean",
    },
    RequestComplete = {
      Method = "integer", URI = "string", RequestId = "string", ErrorCode = "integer",
      ErrorDescription = "string",
    },
    ResponseComplete = {
      RequestId = "string", ErrorCode = "integer", ErrorDescription = "string",
    },
    SSLClientAuthentication = {
      ConnectionId = "integer", CertEncoded = "string", CertEncodedB = "string",
      CertSubject = "string", CertIssuer = "string", Status = "string", Accept = "var boolean",
    },
    SSLServerAuthentication = {
      CertEncoded = "string", CertEncodedB = "string", CertSubject = "string",
      CertIssuer = "string", Status = "string", Accept = "var boolean",
    },
    SSLStatus = {
      Message = "string",
    },
    Unregistered = {
      RemoteHost = "string", RemotePort = "integer", URI = "string", URIHost = "string",
      URIPort = "integer", URIPath = "string", URIQuery = "string",
    },
  },

  settings = {
    CoAP = {
      "MessageId", "UseEmptyToken", "UseRawPublicKey",
    },
    SSL = {
      "LogSSLPackets", "OpenSSLCADir", "OpenSSLCAFile", "OpenSSLCipherList",
      "OpenSSLPrngSeedData", "ReuseSSLSession", "SSLCACerts", "SSLCheckCRL", "SSLCheckOCSP",
      "SSLCipherStrength", "SSLClientCACerts", "SSLEnabledCipherSuites", "SSLEnabledProtocols",
      "SSLEnableRenegotiation", "SSLIncludeCertChain", "SSLKeyLogFile", "SSLNegotiatedCipher",
      "SSLNegotiatedCipherStrength", "SSLNegotiatedCipherSuite", "SSLNegotiatedKeyExchange",
      "SSLNegotiatedKeyExchangeStrength", "SSLNegotiatedVersion", "SSLSecurityFlags",
      "SSLServerCACerts", "TLS12SignatureAlgorithms", "TLS12SupportedGroups",
      "TLS13KeyShareGroups", "TLS13SignatureAlgorithms", "TLS13SupportedGroups",
    },
    UDP = {
      "CaptureIPPacketInfo", "DelayHostResolution", "DestinationAddress", "DontFragment",
      "LocalHost", "LocalPort", "MaxPacketSize", "QOSDSCPValue", "QOSTrafficType",
      "ShareLocalPort", "UseConnection", "UseIPv6",
    },
    Socket = {
      "AbsoluteTimeout", "FirewallData", "InBufferSize", "OutBufferSize",
    },
    Base = {
      "BuildInfo", "CodePage", "LicenseInfo", "MaskSensitiveData", "UseFIPSCompliantAPI",
      "UseInternalSecurityAPI",
    },
  },

  -- Type = its fields; true when they may be assigned.
  types = {
    Certificate = {
      EffectiveDate = false, ExpirationDate = false, ExtendedKeyUsage = false,
      Fingerprint = false, FingerprintSHA1 = false, FingerprintSHA256 = false, Issuer = false,
      PrivateKey = false, PrivateKeyAvailable = false, PrivateKeyContainer = false,
      PublicKey = false, PublicKeyAlgorithm = false, PublicKeyLength = false,
      SerialNumber = false, SignatureAlgorithm = false, Store = true, StoreB = true,
      StorePassword = true, StoreType = true, SubjectAltNames = false, ThumbprintMD5 = false,
      ThumbprintSHA1 = false, ThumbprintSHA256 = false, Usage = false, UsageFlags = false,
      Version = false, Subject = true, Encoded = true, EncodedB = true,
    },
    CoAPOption = {
      Critical = false, NoCacheKey = false, Number = true, Unsafe = false, Value = true,
      ValueType = true,
    },
    CoAPRequest = {
      Method = false, RemoteHost = false, RemotePort = false, RequestId = false, Token = false,
      TokenB = false, URI = false,
    },
  },

  store_types = {
    cstUser = 0, cstMachine = 1, cstPFXFile = 2, cstPFXBlob = 3, cstJKSFile = 4, cstJKSBlob = 5,
    cstPEMKeyFile = 6, cstPEMKeyBlob = 7, cstPublicKeyFile = 8, cstPublicKeyBlob = 9,
    cstSSHPublicKeyBlob = 10, cstP7BFile = 11, cstP7BBlob = 12, cstSSHPublicKeyFile = 13,
    cstPPKFile = 14, cstPPKBlob = 15, cstXMLFile = 16, cstXMLBlob = 17, cstJWKFile = 18,
    cstJWKBlob = 19, cstBCFKSFile = 21, cstBCFKSBlob = 22, cstPKCS11 = 23, cstAuto = 99,
  },

  value_types = { ovtString = 0, ovtUInt = 1, ovtBinary = 2 },

  errors = { 700, 701, 702, 703, 704, 705, 706, 707, 708, 709, 710, 711, 712 },

  -- Those of all systems; the reference has further ones for Mac OS alone.
  code_pages = {
    37, 437, 500, 708, 709, 710, 720, 737, 775, 850, 852, 855, 857, 858, 860, 861, 862, 863, 864,
    865, 866, 869, 870, 874, 875, 932, 936, 949, 950, 1026, 1047, 1140, 1141, 1142, 1143, 1144,
    1145, 1146, 1147, 1148, 1149, 1200, 1201, 1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257,
    1258, 1361, 10000, 10001, 10002, 10003, 10004, 10005, 10006, 10007, 10008, 10010, 10017,
    10021, 10029, 10079, 10081, 10082, 12000, 12001, 20000, 20001, 20002, 20003, 20004, 20005,
    20105, 20106, 20107, 20108, 20127, 20261, 20269, 20273, 20277, 20278, 20280, 20284, 20285,
    20290, 20297, 20420, 20423, 20424, 20833, 20838, 20866, 20871, 20880, 20905, 20924, 20932,
    20936, 21025, 21027, 21866, 28591, 28592, 28593, 28594, 28595, 28596, 28597, 28598, 28599,
    28605, 29001, 38598, 50220, 50221, 50222, 50225, 50227, 50229, 50930, 50931, 50933, 50935,
    50936, 50937, 50939, 51932, 51936, 51949, 51950, 52936, 54936, 57002, 57003, 57004, 57005,
    57006, 57007, 57008, 57009, 57010, 57011, 65000, 65001,
  },
}

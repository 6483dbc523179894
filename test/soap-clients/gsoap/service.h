// What soapcpp2 reads: WS-Security, and what wsdl2h made of the WSDL.
#import "wsse.h"
#import "reelmill.h"

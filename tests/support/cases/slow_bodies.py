"""Bodies with many pictures that take long to read."""

import base64
import json

from support.pictures.hostile import drawn, packed

SLOW = packed(drawn("RGBA", 2480, 3508), "PNG")  # 15 kB that take some 0.3 s
PART = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n%b\r\n'
END = b"--x--\r\n"
FORM = PART % SLOW * 64 + END
URL = "data:image/png;base64," + base64.b64encode(SLOW).decode()
LIST = json.dumps({"images": [URL] * 64}).encode()
FORM_TYPE = "multipart/form-data; boundary=x"
HEAD = "POST /predict HTTP/1.1\r\nHost: api\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n"

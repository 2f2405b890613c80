"""A catalog to try imports on: ``python -m courses.datasets.fake_ckan PORT``. Invented data sets, no real body."""

import http.server
import json
import sys
from typing import Any
from urllib.parse import parse_qs, urlsplit

FILE = "เดือน,จำนวนคำร้อง\nมกราคม 2568,120\nกุมภาพันธ์ 2568,98\n".encode()
PACKAGE: dict[str, Any] = {
    "name": "local-requests",
    "title": "คำร้องของประชาชนต่อองค์กรปกครองส่วนท้องถิ่น (สาธิต)",
    "organization": {"title": "สถาบันข้อมูลสาธิต"},
    "maintainer": "ฝ่ายข้อมูลสาธิต",
    "maintainer_email": "data@demo.example",
    "tags": [{"name": "คำร้อง"}, {"name": "ท้องถิ่น"}],
    "notes": "จำนวนคำร้องรายเดือน สร้างขึ้นเพื่อการสาธิต",
    "objective": "ใช้ฝึกวิเคราะห์ข้อมูล",
    "update_frequency_unit": "เดือน",
    "update_frequency_interval": "1",
    "geo_coverage": "ประเทศ",
    "data_source": "ข้อมูลสังเคราะห์",
    "data_format": "CSV",
    "data_category": "ข้อมูลสาธารณะ",
    "data_type": "ข้อมูลสถิติ",
    "license_id": "Creative Commons Attributions",
    "high_value_dataset": "True",
}


class Catalog:
    """Its packages by name, and what was asked of it."""

    def __init__(self) -> None:
        self.packages: dict[str, dict[str, Any]] = {"local-requests": dict(PACKAGE)}
        self.files = {"/download/requests.csv": FILE}
        self.asked: list[str] = []
        self.url = ""

    def answer(self, target: str) -> tuple[int, bytes]:
        parts = urlsplit(target)
        self.asked.append(parts.path)
        if parts.path in self.files:
            return 200, self.files[parts.path]
        package = self.packages.get(parse_qs(parts.query).get("id", [""])[0])
        if parts.path != "/api/3/action/package_show" or package is None:
            return 404, json.dumps({"success": False, "error": {"__type": "Not Found Error"}}).encode()
        resources = [{"url": f"{self.url}{path}", "format": "CSV"} for path in self.files]
        return 200, json.dumps({"success": True, "result": {"resources": resources} | package}).encode()


def server(catalog: Catalog, port: int = 0) -> http.server.ThreadingHTTPServer:
    """A server of this machine only, not started yet."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, data = catalog.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    made = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    catalog.url = f"http://127.0.0.1:{made.server_port}"
    return made


if __name__ == "__main__":
    with server(Catalog(), int(sys.argv[1]) if len(sys.argv) > 1 else 8098) as running:
        print(f"CKAN_SERVERS=http://127.0.0.1:{running.server_port}  data set: local-requests", flush=True)
        running.serve_forever()

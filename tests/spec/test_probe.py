from tests.spec.neighbourhood import *
from tests.spec.neighbourhood import resources, MRS_T
from collections import Counter
import time, json
async def test_probe(coventry):
    p = await coventry.person()
    for a in SEVEN:
        c = await coventry.asker(a.name)
        t=time.time(); r = await c.everything(p); dt=time.time()-t
        print("=====", a.name, r.status_code, round(dt,3), len(r.content))
        if r.status_code!=200: print(r.text[:300]); continue
        cnt=Counter()
        for x in resources(r.json(),"match"):
            cnt[(x["resourceType"], x["meta"].get("source","golden").replace("urn:toldonce:source:",""))]+=1
        for k,v in sorted(cnt.items()): print("   ",k,v)
        print([x for x in resources(r.json(),"outcome")], r.json().get("meta"))
        __import__("pathlib").Path(f"/tmp/ans-{a.name.replace(' ','_').replace('&','')}.json").write_text(json.dumps(r.json(),indent=1))

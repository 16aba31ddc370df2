"""Events as TensorBoard's own writer puts them into a file, for packages/nn/src/node/tensorboard/tensorboard.test.ts.

    python3 -m venv tb && tb/bin/pip install tensorboard==2.21.0
    tb/bin/python packages/nn/reference/events.py > packages/nn/reference/events.json
    tb/bin/python packages/nn/reference/events.py FILE      # what TensorBoard reads from a file, for the eye
"""
import io
import json
import sys

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter


def image(width, height, png):
    return Summary.Image(width=width, height=height, colorspace=3, encoded_image_string=png)


def value(tag, what):
    if isinstance(what, float):
        return Summary.Value(tag=tag, simple_value=what)
    width, height, png = what
    return Summary.Value(tag=tag, image=image(width, height, bytes(png)))


if len(sys.argv) > 1:
    from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader

    for raw in RawEventFileLoader(sys.argv[1]).Load():
        event = Event.FromString(raw)
        values = [(v.tag, v.simple_value if v.HasField('simple_value') else v.image) for v in event.summary.value]
        print(event.step, event.file_version, values)
    sys.exit()

time = 1700000000.25
events = [
    {'step': 1, 'values': {'loss': 0.5, 'learning rate': 1e-3}},
    {'step': 300, 'values': {'loss': float('inf')}},
    {'step': 5_000_000_000, 'values': {'samples': [200, 3, [1, 2, 3, 255]]}},
]
file = io.BytesIO()
writer = RecordWriter(file)
writer.write(Event(wall_time=time, file_version='brain.Event:2').SerializeToString())
for event in events:
    summary = Summary(value=[value(*entry) for entry in event['values'].items()])
    writer.write(Event(wall_time=time, step=event['step'], summary=summary).SerializeToString())
events[1]['values']['loss'] = 'Infinity'
print(json.dumps({'wallTime': time, 'events': events, 'file': file.getvalue().hex()}, indent=1))

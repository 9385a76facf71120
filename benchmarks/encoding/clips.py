"""Two 1080p clips at 30 fps, as demanding as those of phones: a followed game and a still court."""

from __future__ import annotations

from pathlib import Path

from benchmarks.encoding.ffmpeg import run

_UNIQUE_SECONDS = 10
# A detailed image of 2400x1352 with a moving camera, two players, and sensor noise.
_GAME = (
    "mandelbrot=s=1200x676:start_scale=0.3:end_scale=0.3:maxiter=400,trim=end_frame=1,scale=2400:1352,"
    "loop=loop=-1:size=1,setpts=N/30/TB,fps=30,"
    "crop=1920:1080:x='240+220*sin(t*1.3)':y='135+120*cos(t*0.9)',gblur=sigma=0.8,format=yuv420p[court];"
    "testsrc2=s=320x240:r=30[one];cellauto=s=200x300:r=30:rule=110[other];"
    "[court][one]overlay=x='800+700*sin(t*2)':y='400+350*cos(t*1.7)'[first];"
    "[first][other]overlay=x='800-600*sin(t*1.1)':y='380+abs(300*sin(t*4))',noise=c0s=5:c0f=t"
)
# A painted court with a bouncing ball, and the same noise.
_COURT = (
    "color=c=0xa8442a:s=1920x1080:r=30,drawbox=x=96:y=86:w=1728:h=907:c=0xffc72c:t=6,"
    "drawbox=x=96:y=345:w=576:h=389:c=0xc23c08:t=fill,format=yuv420p[court];"
    "testsrc2=s=150x150:r=30[ball];"
    "[court][ball]overlay=x='(W-w)*(0.55+0.35*sin(t*1.3))':y='(H-h)*(0.86-0.62*abs(sin(t*3)))',noise=c0s=5:c0f=t"
)
# As phones record: 17 Mbit/s, a key frame each second, BT.709.
_PHONE = (
    *("-c:v", "libx264", "-preset", "veryfast", "-b:v", "17M", "-maxrate", "20M", "-bufsize", "20M", "-g", "30"),
    *("-colorspace", "bt709"),
)
_GRAPHS = {"followed game": _GAME, "still court": _COURT}


def create_clips(ffmpeg: Path, folder: Path, *, seconds: int) -> dict[str, Path]:
    """Create the clips, with sound; each repeats its first ten seconds.

    Args:
        ffmpeg: path of the program.
        folder: output folder.
        seconds: duration of the clips.
    """
    paths = {}
    for number, (name, graph) in enumerate(_GRAPHS.items()):
        once, clip = folder / f"once{number}.mp4", folder / f"clip{number}.mp4"
        graph = f"{graph},format=yuv420p[v];sine=r=48000[a]"
        base = [str(ffmpeg), *("-v", "error", "-y")]
        first = [*base, "-filter_complex", graph, *("-map", "[v]", "-map", "[a]")]
        run([*first, "-t", str(min(seconds, _UNIQUE_SECONDS)), *_PHONE, once])
        repeat = [*base, "-stream_loop", str(seconds // _UNIQUE_SECONDS), "-i", str(once)]
        run([*repeat, "-t", str(seconds), *("-c", "copy"), clip])
        paths[name] = clip
    return paths

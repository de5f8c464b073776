namespace CtfService.FaultyService;

/// <summary>A fault that a part of the model can have.</summary>
internal enum FaultKind
{
    /// <summary>Too little memory in a decode step.</summary>
    OomCoarse,

    /// <summary>Too little memory in a decode step with several positions of an image.</summary>
    OomWindow,
    OomFine,
    OomDecode,
    OomEncode,

    /// <summary>A logit of one image of a decode step is NaN.</summary>
    NanCoarse,

    /// <summary>A logit of one image of a decode step is infinite.</summary>
    InfCoarse,

    /// <summary>A fine logit of one image is NaN.</summary>
    NanFine,

    /// <summary>A pixel of one image is NaN.</summary>
    NanPixels,

    /// <summary>An exception in the fine pass whenever one image is part of it.</summary>
    ThrowFine,

    /// <summary>libtorch's exception in a decode step, once.</summary>
    NativeOnce,

    /// <summary>libtorch's exception in a decode step and in its repetition.</summary>
    NativeTwice,

    /// <summary>A decode step that does not end until 0 times are armed.</summary>
    Hang,

    /// <summary>A decode step of one device that never ends.</summary>
    HangOne,
}

/// <summary>The faults that are still to happen, and how often each has happened. Thread-safe.</summary>
internal sealed class FaultBoard
{
    private readonly Lock _gate = new();
    private readonly int[] _left = new int[Enum.GetValues<FaultKind>().Length];
    private readonly int[] _fired = new int[Enum.GetValues<FaultKind>().Length];

    /// <summary>How often each fault has happened since the start.</summary>
    public IReadOnlyDictionary<string, int> Fired
    {
        get
        {
            lock (_gate)
            {
                return Enum.GetValues<FaultKind>().ToDictionary(kind => $"{kind}", kind => _fired[(int)kind]);
            }
        }
    }

    /// <summary>Lets a fault happen the next times that it can.</summary>
    public void Arm(FaultKind kind, int times)
    {
        lock (_gate)
        {
            _left[(int)kind] = times;
        }
    }

    public bool IsArmed(FaultKind kind) => Volatile.Read(ref _left[(int)kind]) > 0;

    /// <summary>Returns true if the fault happens now, and counts it.</summary>
    public bool Take(FaultKind kind)
    {
        if (!IsArmed(kind))
        {
            return false;
        }

        lock (_gate)
        {
            var happens = _left[(int)kind] > 0;
            _left[(int)kind] -= happens ? 1 : 0;
            _fired[(int)kind] += happens ? 1 : 0;
            return happens;
        }
    }

    /// <summary>
    /// Returns true if a fault of one image of a batch happens now. It follows the image while the batch is halved, and is counted when the image is alone.
    /// </summary>
    public bool TakeOfImage(FaultKind kind, int images) => images == 1 ? Take(kind) : IsArmed(kind);
}

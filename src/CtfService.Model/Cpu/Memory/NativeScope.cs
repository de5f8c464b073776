namespace CtfService.Model.Cpu.Memory;

/// <summary>
/// Frees every <see cref="NativeBuffer"/> that this thread has allocated since the scope was opened, unless <see cref="Keep"/> was called: what torch's dispose
/// scopes are for tensors. A constructor that makes many buffers, its own and those of its parts, opens one first and keeps them last, so nothing leaks if it
/// throws half-way. Scopes nest; for the thread that opened them.
/// </summary>
internal sealed class NativeScope : IDisposable
{
    [ThreadStatic]
    private static NativeScope? _current;

    private readonly NativeScope? _outer;
    private readonly Action<long>? _onAllocate;
    private readonly List<NativeBuffer> _buffers = [];

    /// <param name="onAllocate">Called with the bytes of each buffer before it is allocated, in this scope and those inside it. Tests count, or throw as a full
    /// memory does.</param>
    public NativeScope(Action<long>? onAllocate = null)
    {
        (_outer, _onAllocate) = (_current, onAllocate);
        _current = this;
    }

    /// <summary>Buffers of this scope that are not freed.</summary>
    public IEnumerable<NativeBuffer> Live => _buffers.Where(buffer => !buffer.IsFreed);

    /// <summary>Hands the buffers to the scope outside, if there is one: from here on they belong to whatever was made of them.</summary>
    public void Keep()
    {
        _outer?._buffers.AddRange(Live);
        _buffers.Clear();
    }

    public void Dispose()
    {
        _current = _outer;
        foreach (var buffer in _buffers)
        {
            buffer.Dispose();
        }
    }

    /// <summary>Before a buffer of so many bytes is allocated.</summary>
    internal static void Register(NativeBuffer buffer, long bytes)
    {
        for (var scope = _current; scope is not null; scope = scope._outer)
        {
            scope._onAllocate?.Invoke(bytes);
        }

        _current?._buffers.Add(buffer);
    }
}

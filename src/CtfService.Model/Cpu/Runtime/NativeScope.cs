namespace CtfService.Model.Cpu.Runtime;

/// <summary>
/// Frees every <see cref="NativeBuffer"/> that the thread has allocated since it opened the scope, unless <see cref="Keep"/> was called: a torch dispose
/// scope for buffers. A constructor that allocates many buffers, directly and in its parts, opens a scope first and keeps the buffers last, so nothing
/// leaks if it throws half-way. Scopes nest. Use on the thread that opened the scope.
/// </summary>
internal sealed class NativeScope : IDisposable
{
    [ThreadStatic]
    private static NativeScope? _current;

    private readonly NativeScope? _outer;
    private readonly Action<long>? _onAllocate;
    private readonly List<NativeBuffer> _buffers = [];

    /// <param name="onAllocate">Called with the size in bytes before a buffer is allocated, in this scope and in nested ones. Tests use it to count and to fail
    /// allocations.</param>
    public NativeScope(Action<long>? onAllocate = null)
    {
        (_outer, _onAllocate) = (_current, onAllocate);
        _current = this;
    }

    /// <summary>Gets the buffers of this scope that are not freed.</summary>
    public IEnumerable<NativeBuffer> Live => _buffers.Where(buffer => !buffer.IsFreed);

    /// <summary>Moves the buffers to the outer scope, or to their owner if there is no outer scope.</summary>
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

    /// <summary>Adds a buffer to the current scope. Called before its memory is allocated.</summary>
    internal static void Register(NativeBuffer buffer, long bytes)
    {
        for (var scope = _current; scope is not null; scope = scope._outer)
        {
            scope._onAllocate?.Invoke(bytes);
        }

        _current?._buffers.Add(buffer);
    }
}

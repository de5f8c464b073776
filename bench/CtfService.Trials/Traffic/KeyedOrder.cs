namespace CtfService.Trials.Traffic;

/// <summary>An order with an <c>Idempotency-Key</c>, whose answers must all be the first one. Thread-safe.</summary>
internal sealed class KeyedOrder(ImageOrder order, string apiKey)
{
    private byte[]? _answer;

    public ImageOrder Order { get; } = order;

    /// <summary>The value of the header.</summary>
    public string Key { get; } = $"{Guid.NewGuid():N}";

    public bool IsAnswered => Volatile.Read(ref _answer) is not null;

    public HttpRequestMessage Request() => Order.Request(apiKey, Key);

    /// <summary>Compares an answer with the first one, byte for byte. Returns null, or what is wrong.</summary>
    public string? Judge(byte[] body)
    {
        var first = Interlocked.CompareExchange(ref _answer, body, comparand: null);
        return first is null || first.AsSpan().SequenceEqual(body) ? null : $"the key {Key} got two different answers";
    }

    public override string ToString() => $"{Order} with the key {Key}";
}

namespace CtfService.LoadGenerator.Requests;

/// <summary>The requests of a load: a limited number of distinct ones, each with its expected images.</summary>
public sealed class RequestCatalog
{
    private readonly IReadOnlyList<LoadRequest>[] _requests;

    /// <param name="requests">At least one of each kind of the mix.</param>
    public RequestCatalog(TrafficMix mix, IReadOnlyList<LoadRequest> requests)
    {
        Mix = mix;
        Requests = requests;
        var byKind = requests.ToLookup(request => request.Kind);
        _requests = [.. Enum.GetValues<RequestKind>().Select(kind => (IReadOnlyList<LoadRequest>)[.. byKind[kind]])];
    }

    public TrafficMix Mix { get; }

    public IReadOnlyList<LoadRequest> Requests { get; }

    /// <summary>Creates the requests of a mix without their expected images.</summary>
    /// <param name="distinct">Distinct requests with images, which share the kinds as the mix does; every kind has at least one.</param>
    public static IReadOnlyList<LoadRequest> Create(TrafficMix mix, Ingredients ingredients, int distinct, ulong seed)
    {
        var requests = new DistinctRequests(ingredients, seed);
        var drawn = Enum.GetValues<RequestKind>().Where(kind => kind < RequestKind.List && mix.Share(kind) > 0).ToList();
        var share = drawn.Sum(mix.Share);
        return
        [
            .. drawn.SelectMany(kind => Enumerable.Range(0, Math.Max(1, (int)Math.Round(distinct * mix.Share(kind) / share)))
                .Select(number => requests.Create(kind, number))),
            .. DistinctRequests.Lists,
            .. DistinctRequests.Bad,
        ];
    }

    /// <summary>Returns a random request of a kind that the mix chooses.</summary>
    public LoadRequest Next(Random random)
    {
        var ofKind = _requests[(int)Mix.Next(random)];
        return ofKind[random.Next(ofKind.Count)];
    }
}

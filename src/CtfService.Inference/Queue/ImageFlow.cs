namespace CtfService.Inference.Queue;

/// <summary>Whose images these are: those of one API key, or those of all callers without a key. Flows share the devices by weight.</summary>
/// <param name="Name">Name of the key, which identifies the flow.</param>
/// <param name="Weight">Share of the flow, at least 1: a flow with 2 gets twice the rows of a flow with 1.</param>
public sealed record ImageFlow(string Name, int Weight)
{
    /// <summary>All callers of a service without keys. It may fill the queue, because there is no other flow.</summary>
    public static ImageFlow Common { get; } = new("", 1);

    /// <summary>All callers without a key of a service that has keys: one flow for all of them, because addresses are cheap.</summary>
    public static ImageFlow WithoutKey { get; } = new("(no key)", 1);
}

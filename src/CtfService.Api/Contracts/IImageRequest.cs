namespace CtfService.Api.Contracts;

/// <summary>The fields that every request for images has, however it is sent.</summary>
internal interface IImageRequest
{
    int? N { get; }

    ulong? Seed { get; }

    FineSamplingRequest? Fine { get; }

    /// <summary>Where the fields of the fine stage stand in the request.</summary>
    string FinePrefix => "fine.";

    string? Model { get; }

    string? OutputFormat { get; }

    int? OutputCompression { get; }

    string? ResponseFormat { get; }

    IReadOnlyList<string>? Include { get; }

    int? TimeoutMs { get; }
}

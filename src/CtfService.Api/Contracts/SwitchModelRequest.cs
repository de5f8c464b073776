using System.ComponentModel.DataAnnotations;

namespace CtfService.Api.Contracts;

/// <summary>Asks for another model in place of the one that serves.</summary>
public sealed record SwitchModelRequest
{
    /// <summary>The bundle's path below Model:Root, as <c>GET /v1/admin/models</c> lists it.</summary>
    [Required]
    public string? Bundle { get; init; }
}

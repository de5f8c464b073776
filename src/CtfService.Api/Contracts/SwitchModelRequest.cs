using System.ComponentModel.DataAnnotations;

namespace CtfService.Api.Contracts;

/// <summary>A request to replace the model that serves.</summary>
public sealed record SwitchModelRequest
{
    /// <summary>Path of the bundle below Model:Root, as listed by <c>GET /v1/admin/models</c>.</summary>
    [Required]
    public string? Bundle { get; init; }
}

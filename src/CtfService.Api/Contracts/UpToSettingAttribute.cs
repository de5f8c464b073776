using CtfService.Api.Configuration;

namespace CtfService.Api.Contracts;

/// <summary>Describes the range of a number whose maximum is a setting. Used by the API description only; the validator reads the same setting.</summary>
/// <param name="minimum">The minimum, inclusive.</param>
/// <param name="setting">The property of <see cref="LimitsOptions"/> that holds the maximum, inclusive.</param>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class UpToSettingAttribute(double minimum, string setting) : Attribute
{
    public double Minimum { get; } = minimum;

    public string Setting { get; } = setting;
}

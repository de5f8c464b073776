using CtfService.Api.Configuration;

namespace CtfService.Api.Contracts;

/// <summary>The range of a number whose upper end the operator sets. For the API's description; the validator reads the same setting.</summary>
/// <param name="minimum">Lower end, inclusive.</param>
/// <param name="setting">Property of <see cref="LimitsOptions"/> that holds the upper end, inclusive.</param>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class UpToSettingAttribute(double minimum, string setting) : Attribute
{
    public double Minimum { get; } = minimum;

    public string Setting { get; } = setting;
}

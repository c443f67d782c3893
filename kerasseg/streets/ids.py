"""The Cityscapes label ids under which the streets are drawn."""

from enum import IntEnum


class Id(IntEnum):
    """Label ids as in Cityscapes; 0 is kept for the unknown objects of the validation split."""

    UNKNOWN = 0
    EGO = 1
    BORDER = 2
    OUTSIDE = 3
    STATIC = 4
    DYNAMIC = 5
    GROUND = 6
    ROAD = 7
    SIDEWALK = 8
    PARKING = 9
    RAIL_TRACK = 10
    BUILDING = 11
    WALL = 12
    FENCE = 13
    GUARD_RAIL = 14
    BRIDGE = 15
    TUNNEL = 16
    POLE = 17
    POLE_GROUP = 18
    LIGHT = 19
    SIGN = 20
    VEGETATION = 21
    TERRAIN = 22
    SKY = 23
    PERSON = 24
    RIDER = 25
    CAR = 26
    TRUCK = 27
    BUS = 28
    CARAVAN = 29
    TRAILER = 30
    TRAIN = 31
    MOTORCYCLE = 32
    BICYCLE = 33
